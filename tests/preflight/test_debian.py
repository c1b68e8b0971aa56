"""Real differences between Debian's 6.1, 6.12 and 7.2 are reported, apparent ones are not."""

from __future__ import annotations

import pytest

from pymodutils.profile.profile import Device, FileSystem, ModprobeLine, OutOfTree, Profile, Wish
from tests.preflight.debian import aliases, device, loaded, messages, run, told

pytestmark = [pytest.mark.lane, pytest.mark.slow]

HOPS = (("6.1", "6.12"), ("6.12", "7.2"))
GONE = {("error", "gone")}


def mounted(*types: str) -> Profile:
    return Profile(file_systems=tuple(FileSystem(name, "/etc/fstab") for name in types))


@pytest.mark.parametrize(("old", "new"), HOPS)
def test_what_is_built_in_needs_nothing(old: str, new: str) -> None:
    """virtio_pci, virtio_console, fuse, virtiofs, hv_vmbus, pci_hyperv, libphy; ctr and jitterentropy_rng."""
    bound = [
        Device("pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00", "virtio-pci", "pci", module)
        for module in ("virtio_pci", "", None)
    ]
    bound += [
        Device("virtio:d00000003v00001AF4", "virtio_console", "virtio", "virtio_console"),
        Device("acpi:VMBUS:", "hv_vmbus", "acpi", "hv_vmbus"),
        Device("vmbus:1df6c444444400449d52802e27ede19f", "hv_pci", "vmbus", "pci_hyperv"),
    ]
    wishes = tuple(Wish(name, "/etc/modules") for name in ("ctr", "jitterentropy_rng", "virtio_pci"))
    profile = Profile(devices=tuple(bound), modules=loaded("libphy", "fuse", "ipv6"), wishes=wishes)
    profile = profile._replace(file_systems=mounted("fuse", "virtiofs", "ext4", "btrfs").file_systems)
    assert told(run(old, new, profile)) == {}


def test_file_systems_that_go() -> None:
    found = run("6.12", "7.2", mounted("ntfs3", "reiserfs", "sysv", "bcachefs", "ext4", "vfat", "xfs"))
    assert told(found) == {f"file system {name}": GONE for name in ("ntfs3", "reiserfs", "sysv", "bcachefs")}
    text = messages(found)
    assert "ntfs may be its successor: change the type in /etc/fstab" in text
    assert "reiserfs, used in /etc/fstab: copy the data before the reboot" in text


def test_a_codec_that_is_split() -> None:
    codec = Device(
        "hdaudio:v10EC0269r00100100a01", "snd_hda_codec_realtek", "hdaudio", "snd_hda_codec_realtek"
    )
    place = "/etc/modprobe.d/a.conf:1"
    lines = (
        ModprobeLine(place, "options snd_hda_codec_realtek dump_coef=1"),
        ModprobeLine(place, "blacklist snd_hda_codec_realtek"),
    )
    found = run("6.12", "7.2", Profile(devices=(codec,), config=lines))
    assert told(found)["snd_hda_codec_realtek"] == {("note", "renamed")}
    assert "snd_hda_codec_alc269" in messages(found)
    assert told(found)[f"snd_hda_codec_realtek in {place}"] == {("warning", "stale-line")}


def test_a_staging_driver_whose_devices_another_takes() -> None:
    """r8188eu: rtl8xxxu takes some, 15 have no driver."""
    bound = tuple(Device(name, "r8188eu", "usb", "r8188eu") for name in aliases("6.1", "r8188eu"))
    findings = run("6.1", "6.12", Profile(devices=bound)).report.verdicts[0].findings
    assert {it.rule.value: len(it.symbols) for it in findings}["gone"] == 15
    taken = Device("usb:v0BDAp8179d0000dc00dsc00dp00icFFiscFFipFFin00", "r8188eu", "usb", "r8188eu")
    found = run("6.1", "6.12", Profile(devices=(taken,)))
    assert told(found) == {"r8188eu": {("warning", "replaced")}}
    assert "rtl8xxxu takes 1 device" in messages(found)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (
            "6.1",
            "6.12",
            "rtsx_pci_ms hostap_pci orinoco_plx airo atmel_pci zd1201 prism2_usb ixgb qlge fealnx",
        ),
        ("6.12", "7.2", "acenic sundance s2io hamachi yellowfin ib_qib r8192e_pci rts5208 hfcpci"),
    ],
)
def test_drivers_that_go(old: str, new: str, names: str) -> None:
    bound = tuple(device(old, name) for name in names.split())
    assert told(run(old, new, Profile(devices=bound))) == dict.fromkeys(names.split(), GONE)


def test_modules_of_programs_that_go() -> None:
    layouts = ("linear", "multipath", "faulty")
    assert told(run("6.1", "6.12", Profile(modules=loaded(*layouts)))) == dict.fromkeys(layouts, GONE)
    protocols = ("ebtables", "ax25", "netrom", "rose", "appletalk", "dccp")
    assert told(run("6.12", "7.2", Profile(modules=loaded(*protocols)))) == dict.fromkeys(protocols, GONE)


def test_a_host_controller_that_another_module_takes() -> None:
    renesas = Device("pci:v00001912d00000014sv00001912sd00000014bc0Csc03i30", "xhci_hcd", "pci", "xhci_pci")
    other = Device("pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30", "xhci_hcd", "pci", "xhci_pci")
    found = run("6.1", "6.12", Profile(devices=(renesas, other)))
    assert told(found) == {"xhci_pci": {("warning", "replaced")}}
    assert "xhci_pci_renesas takes 1 device" in messages(found)
    assert (
        told(run("6.12", "7.2", Profile(devices=(renesas._replace(module="xhci_pci_renesas"), other)))) == {}
    )


def test_ids_that_a_driver_drops_and_firmware_that_it_asks_for() -> None:
    bound = tuple(Device(name, "iwlwifi", "pci", "iwlwifi") for name in aliases("6.1", "iwlwifi"))
    found = run("6.1", "7.2", Profile(devices=bound))
    assert told(found) == {"iwlwifi": GONE}
    assert "no longer supports 5 devices" in messages(found)
    assert "update the firmware packages" in messages(found)


def test_code_that_only_other_code_calls() -> None:
    names = ("crc32_pclmul", "crc32c_intel", "libcrc32c", "cryptd", "sha256_ssse3")
    assert told(run("6.12", "7.2", Profile(modules=loaded(*names)))) == {}
    found = run("6.12", "7.2", Profile(wishes=tuple(Wish(name, "/etc/modules") for name in names)))
    assert told(found) == {f"file {name}": {("warning", "gone")} for name in names}


def test_a_name_that_modprobe_no_longer_knows() -> None:
    found = run("6.12", "7.2", Profile(wishes=(Wish("ipv6", "/etc/modules"),)))
    assert told(found) == {"file ipv6": {("warning", "unlisted")}}
    assert "'modprobe ipv6' fails" in messages(found)
    assert told(run("6.1", "6.12", Profile(wishes=(Wish("ipv6", "/etc/modules"),)))) == {}


@pytest.mark.parametrize(
    "word",
    ["i915.fastboot", "nouveau.nofbaccel", "amdgpu.mes", "kvm_intel.nested_early_check", "rtl8xxxu.ht40_2g"],
)
def test_parameters_that_go(word: str) -> None:
    found = [told(run(old, new, Profile(cmdline=f"{word}=1 i915.modeset=1"))) for old, new in HOPS]
    title = f"{word.partition('.')[0]} in /proc/cmdline"
    assert {title: {("warning", "no-parameter")}} in found
    assert all(set(each) <= {title} for each in found)


def test_another_flavour_without_drivers() -> None:
    names = ("hid", "megaraid_sas", "tg3", "e1000", "vmwgfx")
    bound = tuple(device("7.2", name) for name in names if name != "hid")
    found = run("7.2", "7.2-cloud", Profile(devices=bound, modules=loaded("hid")))
    assert told(found) == dict.fromkeys(names, GONE)
    assert "has it: boot that kernel instead" in messages(found)


def test_a_blacklist_that_was_left_behind() -> None:
    nic = Device("pci:v000010ECd00008125sv00001043sd00008677bc02sc00i00", "r8125", "pci", "r8125")
    profile = Profile(
        devices=(nic,),
        out_of_tree=(OutOfTree("r8125", "9.0", "", "r8125/9.0"),),
        config=(ModprobeLine("/etc/modprobe.d/r8125-dkms.conf:1", "blacklist r8169"),),
    )
    found = run("6.1", "6.12", profile)
    assert told(found) == {
        "r8125": {("error", "blacklisted")},
        "r8125 (out of tree)": {("error", "no-build")},
    }
    assert "/etc/modprobe.d/r8125-dkms.conf:1" in messages(found)
    assert "dkms install r8125/9.0 -k 6.12" in messages(found)


def test_an_alias_that_still_resolves_can_hide_a_loss() -> None:
    card = Device("pci:v000010DEd00001F08sv00001043sd000086CAbc03sc00i00", "nvidia", "pci", "nvidia")
    profile = Profile(devices=(card,), modules=loaded("nvidia"))
    found = run("6.1", "6.12", profile)
    assert told(found) == {
        "nvidia": {("warning", "replaced")},
        "nvidia (out of tree)": {("error", "no-build")},
    }
    assert "nouveau takes 1 device" in messages(found)
