"""preflight on two made kernels: each kind of loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pymodutils import ModutilsError, Root
from pymodutils.preflight import allowed
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.profile.profile import (
    Device,
    FileSystem,
    LoadedModule,
    ModprobeLine,
    OutOfTree,
    Policy,
    Profile,
    Wish,
)
from tests.kernel.emulated.messages import appended
from tests.oracles import openssl
from tests.preflight.debian import messages, told
from tests.preflight.made import NEW, OLD, Machine
from tests.preflight.profiles import bound

GONE = {("error", "gone")}


def run(machine: Machine, profile: Profile, **more: Any) -> dict[str, set[tuple[str, str]]]:
    return told(preflight(request(profile, **more), Root(machine.root)))


def request(profile: Profile, **more: Any) -> PreflightRequest:
    return PreflightRequest(profile, "made", [NEW], OLD, cached=False)._replace(**more)


def test_what_is_there_is_silent(machine: Machine) -> None:
    devices = (
        bound(1, "nic"),
        bound(6, "soon"),
        bound(6, "", "soon"),
        bound(9, "", "unknown"),
        bound(1, None, "nic"),
    )
    profile = Profile(
        devices=devices,
        modules=(LoadedModule("cipher"), LoadedModule("hidden"), LoadedModule("nic", 1, 0, ("x",))),
    )
    assert run(machine, profile) == {}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile(devices=(bound(2, "card"),)), {"card": GONE}),
        (Profile(devices=(bound(3, "store"),)), {"store": {("note", "renamed")}}),
        (Profile(devices=(bound(4, "first"),)), {"first": {("warning", "replaced")}}),
        (Profile(modules=(LoadedModule("card"),)), {"card": GONE}),
        (Profile(file_systems=(FileSystem("oldfs", "/etc/fstab"),)), {"file system oldfs": GONE}),
        (Profile(wishes=(Wish("cipher", "/etc/modules"),)), {"file cipher": {("warning", "gone")}}),
        (Profile(wishes=(Wish("hidden", "/etc/modules"),)), {"file hidden": {("warning", "unlisted")}}),
        (Profile(cmdline="nic.debug=1"), {}),
        (
            Profile(config=(ModprobeLine("a:1", "options card x=1"),)),
            {"card in a:1": {("warning", "stale-line")}},
        ),
        (
            Profile(config=(ModprobeLine("a:1", "blacklist card"),)),
            {"card in a:1": {("warning", "stale-line")}},
        ),
        (Profile(modules=(LoadedModule("zfs"),)), {"zfs (out of tree)": {("error", "no-build")}}),
        (
            Profile(devices=(bound(4, "first"),), config=(ModprobeLine("b:7", "blacklist rival"),)),
            {"first": {("error", "blacklisted")}},
        ),
    ],
)
def test_each_loss(machine: Machine, profile: Profile, expected: dict[str, set[tuple[str, str]]]) -> None:
    assert run(machine, profile) == expected


def test_without_an_old_kernel_only_what_is_certain_is_said(machine: Machine) -> None:
    profile = Profile(devices=(bound(1, "nic"), bound(8, "nic"), bound(2, "card")))
    assert run(machine, profile, old="") == {"card": GONE}


def test_out_of_tree_builds(machine: Machine) -> None:
    """One that loads, one for another kernel, none but the old build would load, none at all."""
    machine.add(NEW, "good", folder="updates/dkms")
    machine.add(NEW, "bad", folder="updates/dkms", imports="nowhere")
    machine.add(OLD, "weak", folder="extra")
    machine.depmod()
    names = ("good", "bad", "weak", "lost")
    profile = Profile(
        out_of_tree=tuple(OutOfTree(name, "1", "", f"{name}/1") for name in names),
        modules=tuple(map(LoadedModule, names)),
    )
    found = preflight(request(profile), Root(machine.root))
    rows = {title.partition(" ")[0]: rules for title, rules in told(found).items()}
    assert rows == {
        "bad": {("error", "unknown")},
        "weak": {("error", "no-build")},
        "lost": {("error", "no-build")},
    }
    assert f"the one for {OLD} fits as it is" in messages(found)
    assert f"dkms install lost/1 -k {NEW}" in messages(found)
    enforced = run(machine, profile._replace(policy=Policy("integrity")))
    assert ("error", "unsigned") in enforced["good (out of tree)"]


def test_an_out_of_tree_module_is_known_by_its_folder(machine: Machine) -> None:
    machine.add(OLD, "extra_nic", "alias=pci:v9d*", folder="updates/dkms")
    machine.depmod()
    found = run(machine, Profile(devices=(bound(9, "extra_nic"),)))
    assert found["extra_nic (out of tree)"] == {("error", "no-build")}


def test_a_kernel_for_another_architecture_is_refused(machine: Machine) -> None:
    assert run(machine, Profile(arch="i686")) == {}
    with pytest.raises(ModutilsError, match="it is not for m68k"):
        run(machine, Profile(arch="m68k"))


def test_signatures_are_judged_by_the_loader(machine: Machine, tmp_path: Path) -> None:
    """One by an enrolled key, one by another, and a damaged one."""
    own, other = (openssl.root(tmp_path, name) for name in ("own", "other"))
    for name, key, cut in (("good", own, 0), ("strange", other, 0), ("damaged", own, 1)):
        machine.add(NEW, name, folder="updates/dkms")
        path = machine.root / "lib/modules" / NEW / f"updates/dkms/{name}.ko"
        data = path.read_bytes()
        path.write_bytes(data + appended(key.cms(data, "-noattr", "-nocerts")[cut:]))
    machine.depmod()
    names = ("good", "strange", "damaged")
    profile = Profile(
        out_of_tree=tuple(map(OutOfTree, names)),
        policy=Policy("integrity", keys=(own.serial.hex(),)),
    )
    rows = {title.partition(" ")[0]: rules for title, rules in run(machine, profile).items()}
    assert rows == {"strange": {("error", "unknown-key")}, "damaged": {("error", "signature")}}


def test_the_boot_is_listed_as_proc_modules(machine: Machine) -> None:
    profile = Profile(devices=(bound(1, "nic"), bound(5, "loop"), bound(4, "")))
    found = preflight(request(profile), Root(machine.root))
    assert [row.name for row in found.outlook(NEW).booted.rows] == ["rival", "loop", "nic"]
    assert found.outlook(NEW).booted.memory > 0
    assert found.changed(NEW) == ([], ["first"])


def test_a_tree_without_indexes_gets_them_in_the_cache(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tree = machine.root / "lib/modules" / NEW
    for path in tree.glob("modules.*.bin"):
        path.unlink()
    before = sorted(tree.iterdir())
    assert run(machine, Profile(devices=(bound(2, "card"), bound(1, "nic")))) == {"card": GONE}
    assert sorted(tree.iterdir()) == before


def test_contents_name_the_package(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / "Contents-amd64"
    path.write_text(f"usr/lib/modules/{NEW}/kernel/drivers/card.ko.xz kernel/linux-modules-extra\n")
    found = preflight(request(Profile(devices=(bound(2, "card"),)), contents=[str(path)]), Root(machine.root))
    assert f"install linux-modules-extra, which contains it for {NEW}" in messages(found)


def test_allowed_symbols(machine: Machine, tmp_path: Path) -> None:
    machine.add(NEW, "mine", folder="extra")
    machine.depmod()
    path = tmp_path / "list"
    profile = Profile(out_of_tree=(OutOfTree("mine"),))
    path.write_text("[abi_symbol_list]\n  _printk # used by many\n")
    assert run(machine, profile, allow=str(path)) == {}
    path.write_text("0x12345678 other\n")
    assert run(machine, profile, allow=str(path)) == {"mine (out of tree)": {("warning", "not-allowed")}}
    assert allowed.read(str(path)) == {"other"}
    path.write_text("# nothing\n")
    with pytest.raises(ModutilsError, match="lists no symbols"):
        allowed.read(str(path))


def test_firmware_that_is_absent(machine: Machine, tmp_path: Path) -> None:
    machine.add(NEW, "nic", "alias=pci:v1d*", "firmware=nic/new.bin")
    machine.depmod()
    folder = tmp_path / "firmware"
    folder.mkdir()
    wanted = request(Profile(devices=(bound(1, "nic"),)), firmware=str(folder))
    assert "none of its 1 firmware file is below" in messages(preflight(wanted, Root(machine.root)))
    (folder / "nic").mkdir()
    (folder / "nic/new.bin.zst").write_bytes(b"")
    assert messages(preflight(wanted, Root(machine.root))) == ""


def test_a_module_that_depmod_has_not_seen(machine: Machine) -> None:
    """As when DKMS calls a package's script: in updates/, before depmod."""
    machine.both("core", exports="core_add")
    machine.add(OLD, "own", "alias=pci:v09*", folder="updates/dkms")
    machine.depmod()
    profile = Profile(
        release=OLD,
        devices=(Device("pci:v09", "own", "pci", "own"),),
        out_of_tree=(OutOfTree("own", "1", "updates/dkms/own.ko", "own/1"),),
    )
    assert ("error", "no-build") in run(machine, profile)["own (out of tree)"]
    machine.add(NEW, "own", "depends=core", "alias=pci:v09*", folder="updates/dkms", imports="core_add")
    found = preflight(request(profile, boots=True), Root(machine.root))
    assert told(found) == {}
    assert [row.name for row in found.outlooks[0].booted.rows] == ["own", "core"]


def test_nothing_takes_a_hub_from_usbcore(machine: Machine) -> None:
    """A driver that switches the power of a hub matches by its IDs, and leaves the hub to usbcore."""
    machine.both("usbcore", "alias=usb:v*p*d*dc*dsc*dp*ic09isc*ip*in*")
    machine.add(NEW, "onboard_usb_dev", "alias=usb:v0BDAp0411d*dc*dsc*dp*ic*isc*ip*in*")
    machine.depmod()
    alias = "usb:v0BDAp0411d0136dc09dsc00dp03ic09isc00ip00in00"
    profile = Profile(release=OLD, devices=(Device(alias, "hub", "usb", "usbcore"),))
    assert run(machine, profile, boots=False) == {}
