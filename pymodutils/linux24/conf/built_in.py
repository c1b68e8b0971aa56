"""The built-in configuration of modutils 2.4.16."""

from __future__ import annotations

from typing import Final

TYPES: Final = (
    "kernel",
    "fs",
    "net",
    "scsi",
    "block",
    "cdrom",
    "ipv4",
    "ipv6",
    "sound",
    "fc4",
    "video",
    "misc",
    "pcmcia",
    "atm",
    "usb",
    "ide",
    "ieee1394",
    "mtd",
)  # folders below /lib/modules

PRUNE: Final = (
    "modules.dep",
    "modules.generic_string",
    "modules.pcimap",
    "modules.isapnpmap",
    "modules.usbmap",
    "modules.parportmap",
    "modules.ieee1394map",
    "modules.pnpbiosmap",
    "System.map",
    ".config",
    "build",
    "vmlinux",
    "vmlinuz",
    "bzImage",
    "zImage",
    ".rhkmvtag",
)

FILES: Final = ("generic_string", "pcimap", "isapnpmap", "usbmap", "parportmap", "ieee1394map", "pnpbiosmap")
DEP: Final = "dep"

OPTIONS: Final = (
    "dummy0 -o dummy0",
    "dummy1 -o dummy1",
    "sb io=0x220 irq=7 dma=1 dma16=5 mpu_io=0x330",
)

_BINFMT: Final = {
    "off": "0000",
    "binfmt_aout": "204 263 264 267 387",
    "iBCS": "332",
    "binfmt_java": "-310",
}
_BLOCK: Final = (
    "1 rd, 2 floppy, 3 ide-probe-mod, 7 loop, 8 sd_mod, 9 md, 11 sr_mod, 13 xd, 15 cdu31a, 16 gscd, 17 "
    "optcd, 18 sjcd, 20 mcdx, 22 ide-probe-mod, 23 mcd, 24 sonycd535, 25 sbpcd, 26 sbpcd, 27 sbpcd, 29 "
    "aztcd, 32 cm206, 33 ide-probe-mod, 34 ide-probe-mod, 37 ide-tape, 44 ftl, 46 pcd, 47 pf, 56 "
    "ide-probe-mod, 57 ide-probe-mod, 58 lvm-mod, 88 ide-probe-mod, 89 ide-probe-mod, 90 ide-probe-mod, "
    "91 ide-probe-mod, 93 nftl, 97 pg"
)
_CHAR: Final = (
    "4 serial, 5 serial, 6 lp, 9 st, 10 off, 10-0 busmouse, 10-1 off, 10-2 msbusmouse, 10-3 atixlmouse, "
    "10-130 wdt, 10-131 wdt, 10-135 rtc, 10-139 openprom, 10-144 nvram, 10-157 applicom, 10-175 agpgart, "
    "10-184 microcode, 14 soundcore, 19 cyclades, 20 cyclades, 21 sg, 22 pcxx, 23 pcxx, 27 ftape, 34 scc, "
    "35 tclmidi, 36 netlink, 37 ide-tape, 48 riscom8, 49 riscom8, 57 esp, 58 esp, 63 kdebug, 90 mtdchar, "
    "96 pt, 99 ppdev, 107 3dfx, 108 ppp_generic, 109 lvm-mod, 161 ircomm-tty, 200 vxspec, 206 osst"
)
_NAMES: Final = (
    "dos msdos, dummy0 dummy, dummy1 dummy, eth0 off, iso9660 isofs, md-personality-1 linear, "
    "md-personality-2 raid0, md-personality-3 raid1, md-personality-4 raid5, net-pf-1 unix, net-pf-2 "
    "ipv4, net-pf-3 off, net-pf-4 ipx, net-pf-5 appletalk, net-pf-6 off, net-pf-10 off, net-pf-17 "
    "af_packet, net-pf-19 off, netalias-2 ip_alias, plip0 plip, plip1 plip, tunl0 ipip, cipcb0 cipcb, "
    "cipcb1 cipcb, cipcb2 cipcb, cipcb3 cipcb, ppp0 ppp, ppp1 ppp, scsi_hostadapter off, slip0 slip, "
    "slip1 slip, tty-ldisc-1 slip, tty-ldisc-3 ppp_async, tty-ldisc-11 irtty, tty-ldisc-14 ppp_synctty, "
    "ppp-compress-18 ppp_mppe, ppp-compress-21 bsd_comp, ppp-compress-24 ppp_deflate, ppp-compress-26 "
    "ppp_deflate, parport_lowlevel parport_pc, usbdevfs usbcore"
)


def _pairs(prefix: str, text: str) -> list[tuple[str, str]]:
    words = [pair.split() for pair in text.split(", ")]
    return [(f"{prefix}{name}", module) for name, module in words]


ALIASES: Final = dict(
    [
        *((f"binfmt-{number}", module) for module, numbers in _BINFMT.items() for number in numbers.split()),
        *_pairs("block-major-", _BLOCK),
        *_pairs("char-major-", _CHAR),
        *_pairs("", _NAMES),
    ]
)  # not on s390 and SPARC
