"""depmod of modutils: modules.dep, and maps in the format that hotplug scripts read."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from pymodutils.linux24.depmod import module_facts
from pymodutils.linux24.depmod.depmod import kernel_symbols
from pymodutils.linux24.depmod.tables import TABLES, LinkedModule
from pymodutils.linux24.struct_module import Abi
from tests.linux24.objects import module, written
from tests.linux24.vectors import file
from tests.oracles.modprobe import Said, here

LITTLE = Abi(32, "little")


def depmod(folder: Path, *words: str) -> Said:
    """The result of depmod for the tree in ``folder``."""
    ksyms = folder / "ksyms"
    ksyms.write_bytes(file("i386.ksyms"))
    here("boot", str(folder / "k24"), "--generation", "2.4", "--from", str(ksyms), tool="kernel")
    return here("--backend", f"emulated:{folder}/k24", *words, tool="depmod")


def tree(folder: Path) -> Path:
    """A folder of modules."""
    modules = folder / "lib/modules/2.4.32/kernel/net"
    modules.mkdir(parents=True)
    written(modules, "base", module(exports=["call"]))
    written(modules, "user", module(imports=["printk", "call"]))
    return modules


def test_dependencies_are_written(tmp_path: Path) -> None:
    tree(tmp_path)
    done = depmod(tmp_path, "-b", str(tmp_path))
    assert (done.err, done.status) == ("", 0)
    folder = "/lib/modules/2.4.32/kernel/net"
    written_to = tmp_path / "lib/modules/2.4.32"
    expected = f"{folder}/base.o:\n\n{folder}/user.o:\t{folder}/base.o\n\n"
    assert (written_to / "modules.dep").read_text() == expected
    assert (written_to / "modules.parportmap").read_text() == "# module             pattern\n"


def test_unresolved_symbols_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "lost", module(imports=["nobody"]))
    done = depmod(tmp_path, "-e", path)
    assert done.err == f"depmod: *** Unresolved symbols in {path}\ndepmod: \tnobody\n"
    assert (done.out.splitlines()[0], done.status) == (f"{path}:", 0)
    assert depmod(tmp_path, "-u", "-q", path)[1:] == ("", 1)


def test_quick_writes_what_is_absent_or_older(tmp_path: Path) -> None:
    modules = tree(tmp_path)
    conf = tmp_path / "modules.conf"
    conf.write_text("")
    words = ("-A", "-C", str(conf), "-b", str(tmp_path))
    dep = tmp_path / "lib/modules/2.4.32/modules.dep"
    os.utime(conf, (0, 0))
    depmod(tmp_path, *words)
    dep.write_text("mine")
    depmod(tmp_path, *words)
    assert dep.read_text() == "mine"
    os.utime(modules / "user.o", (dep.stat().st_mtime + 2,) * 2)
    depmod(tmp_path, *words)
    assert dep.read_text().startswith("/lib/modules")


def test_modules_of_2_0_export_all(tmp_path: Path) -> None:
    path = written(tmp_path, "old", module(info={}, exports=["call"]).replace(b".modinfo", b".modinf0"))
    assert "call" in module_facts.read(path, print).exports


def test_symbols_of_the_kernel() -> None:
    text = "c0100000 A _text\nc0110000 t __kstrtab_printk\nc0110010 t __kstrtab___sparc_dot_div\n"
    assert kernel_symbols(text) == ["printk", ".div"]
    assert kernel_symbols("c0100000 A _text\nc0110000 t __export_priv_old\n") == ["__old"]
    assert kernel_symbols("c0110000 printk_R1b7d4074\nc8800000 other\t[m]\n") == ["printk_R1b7d4074"]


def lines(name: str, data: bytes, abi: Abi = LITTLE) -> list[str]:
    """The lines of the map for the table ``name`` in ``data``."""
    image = LinkedModule(0x1000, data, abi)
    return [TABLES[name].line(row, image) for row in TABLES[name].rows(image, 0x1000)]


def test_pci() -> None:
    row = struct.pack("<7I", 0x10B7, 0x5900, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, 0, 5)
    expected = "0x000010b7 0x00005900 0xffffffff 0xffffffff 0x00000000 0x00000000 0x00000005"
    assert lines("pci_device", row + bytes(28)) == [expected]
    wide = struct.pack(">6IQ", 0x10B7, 0x5900, 0, 0, 0, 0, 5)
    assert lines("pci_device", wide + bytes(32), Abi(64, "big"))[0].endswith(" 0x0000000000000005")


def test_usb() -> None:
    row = struct.pack("<5H6BI", 3, 0x46D, 0x870, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    expected = (
        "0x0003      0x046d   0x0870    0x0000       0x0000       0x00         0x00            0x00   "
        "         0x00            0x00               0x00               0x00000000"
    )
    assert lines("usb_device", row + bytes(20)) == [expected]


def test_isapnp() -> None:
    row = struct.pack("<4HI", 0xFFFF, 0xFFFF, 0x6D50, 0x3050, 1)
    expected = "0xffff     0xffff     0x00000001  0x6d50     0x3050"
    assert lines("isapnp_device", row + bytes(12)) == [expected]
    card = struct.pack("<I18H", 0, 0x6D50, 1, 0x6D50, 2, *[0] * 14)
    expected = "0x6d50     0x0001     0x00000000  0x6d50     0x0002    "
    assert lines("isapnp_card", card + bytes(40)) == [expected]


def test_the_others() -> None:
    row = struct.pack("<6I", 3, 0x00A0B0, 1, 0x00609E, 0x010483, 0)
    assert lines("ieee1394_device", row + bytes(24)) == [
        "0x00000003  0x00a0b0  0x000001 0x00609e     0x010483"
    ]
    assert lines("pnpbios_device", b"PNP0501\0" + bytes(16)) == ["PNP0501"]
    assert lines("parport_device", struct.pack("<II", 0x1008, 0) + b"MFG:x\0") == ["MFG:x"]


def test_maps_of_module_init_tools() -> None:
    row = struct.pack(">3H2BI", 3, 0x3088, 0x3390, 8, 10, 0)
    assert lines("ccw_device", row + bytes(12), Abi(32, "big")) == [
        "0x0003      0x3088  0x08      0x3390  0x0a"
    ]
    assert lines("serio_device", bytes((2, 0xFF, 0x3F, 1)) + bytes(4)) == ["0x02 0xff  0x3f 0x01"]
    row = b"sound".ljust(32, b"\0") + bytes(32) + b"AAPL,tumbler".ljust(128, b"\0") + bytes(4)
    expected = "sound                *                    AAPL,tumbler"
    assert lines("of_device", row + bytes(196)) == [expected]


def test_input() -> None:
    keys = [0] * 16
    keys[9] = 0x40
    keys[8] = 0x1
    longs = [2, *keys, 0, 0, 0, 0, 0, 0, *[0] * 4, 5]
    row = struct.pack("<I4H", 0x31, 3, 0x46D, 0, 0) + struct.pack(f"<{len(longs)}I", *longs)
    expected = "0x31  0x3  0x0  0x0  0x0  2  40:1:0:0:0:0:0:0:0:0  0  0  0  0  0  0  0x5"
    assert lines("input_device", row + bytes(len(row))) == [expected]
    wide = struct.pack(">Q4H", 0x20, 0, 0, 0, 0) + struct.pack(">17Q", 0, 1, 2, *[0] * 14)
    shown = lines("input_device", wide + bytes(len(wide)), Abi(64, "big"))
    assert shown == ["0x20  0x0  0x0  0x0  0x0  0  2:1  0  0  0  0  0  0  0x0"]
