"""Judge each need under the new kernel relative to the old one, so that only losses are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks.context import count, some
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.preflight.needs import DEVICE, FILE, FILE_SYSTEM
from pymodutils.preflight.system import ABSENT, MODULE, UNLISTED, similar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.preflight.elsewhere import Elsewhere
    from pymodutils.preflight.needs import Need
    from pymodutils.preflight.system import System

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
USBCORE: Final = (
    "usbcore"  # has the only driver of hubs; onboard_usb_dev also binds to them, to switch their power
)
LOADS: Final = "modprobe"
MOST: Final = 500  # aliases of one module that are looked up


class Judged(NamedTuple):
    """The verdict on a need: the modules that serve it, and the findings."""

    need: Need
    serving: tuple[str, ...]  # modules of the new kernel; empty if built in or gone
    findings: tuple[Finding, ...]


class Judge:
    """Judges the needs of a machine that ran ``old`` (if known) under ``new``."""

    def __init__(self, old: System | None, new: System, elsewhere: Elsewhere) -> None:
        self.old, self.new, self.elsewhere = old, new, elsewhere

    def judge(self, need: Need) -> Judged:
        """The verdict on ``need``, which is not an out-of-tree module."""
        if need.kind == DEVICE:
            return self._device(need)
        if need.kind == FILE_SYSTEM:
            return self._file_system(need)
        return self._named(need)

    def _device(self, need: Need) -> Judged:
        """The devices of a driver: unchanged, taken by another module, or lost."""
        if not need.is_module:
            return self._of_kernel(need)
        state = self.new.state(need.name)
        if state not in (MODULE, ABSENT):
            return Judged(need, (), ())
        lost: dict[tuple[str, ...], list[str]] = {}
        serving: dict[str, None] = {}
        for alias in need.aliases:
            found = self.new.serving(alias)
            serving.update(dict.fromkeys(found))
            if need.name in found:
                taken = self._taken(need.name, alias, found)
                if taken:
                    lost.setdefault(taken, []).append(alias)
            elif state == ABSENT or self._is_lost(need.name, alias):
                lost.setdefault(self._fresh(alias, found), []).append(alias)
        if state == ABSENT and not need.aliases:
            lost[tuple(self._heirs(need.name))] = []
        told = [it for found, aliases in lost.items() for it in self._lost(need, found, aliases)]
        names = serving if need.aliases and serving else ({need.name: None} if state == MODULE else {})
        return Judged(need, tuple(names), tuple(told))

    def _of_kernel(self, need: Need) -> Judged:
        """A built-in driver, or one without an alias: lost only if its alias resolved before."""
        serving: dict[str, None] = {}
        lost = []
        for alias in need.aliases:
            found = self.new.serving(alias)
            serving.update(dict.fromkeys(it for it in found if self.new.state(it) == MODULE))
            before = self.old.serving(alias) if self.old else []
            modules = [name for name in before if self.old and self.old.state(name) == MODULE]
            if modules and not found and all(self.new.state(name) == ABSENT for name in modules):
                lost.append(alias)
        if lost and self.new.state(need.name) == ABSENT and not self._was_builtin(need.name):
            return Judged(need, (), tuple(self._lost(need, (), lost)))
        return Judged(need, tuple(serving), ())

    def _was_builtin(self, name: str) -> bool:
        return self.old is not None and self.old.state(name) not in (MODULE, ABSENT)

    def _is_lost(self, name: str, alias: str) -> bool:
        """Whether the alias resolved to ``name`` before; otherwise the driver is bound by other means."""
        if self.old is None or all(it.name != name for it in self.old.lookup(alias)):
            return False
        bus = alias.partition(":")[0]
        buses = {value.partition(":")[0].rstrip("*") for key, value in self.new.info(name) if key == "alias"}
        return bus in buses or not buses

    def _fresh(self, alias: str, found: Sequence[str]) -> tuple[str, ...]:
        """Those of ``found`` that did not claim the alias before, if any."""
        before = {it.name for it in self.old.lookup(alias)} if self.old else set()
        return tuple(it for it in found if it not in before) or tuple(found)

    def _taken(self, name: str, alias: str, found: Sequence[str]) -> tuple[str, ...]:
        """The modules that now claim the device itself if ``name`` only claims its class."""
        if name == USBCORE or self.old is None or len(found) < 2:  # noqa: PLR2004 -- a single one has no rival
            return ()
        before = {it.name for it in self.old.lookup(alias)}
        fresh = [it for it in found if it not in before and not self.new.by_class(alias, it)]
        return tuple(fresh) if fresh and self.new.by_class(alias, name) else ()

    def _lost(self, need: Need, found: Sequence[str], aliases: Sequence[str]) -> Iterator[Finding]:
        """The finding on ``aliases`` now served by ``found`` instead of the need's module."""
        devices = count(len(aliases), "device") + (f" ({some(aliases)})" if aliases else "")
        if not found:
            yield self._blacklisted(aliases) or self._gone(need, devices, aliases)
            return
        heirs = some(list(found))
        if self._renamed(need.name, found, aliases):
            text = f"{heirs} replaces it in {self.new.label}"
            advice = f"change {need.name} to {heirs} in configuration files"
            yield Finding(Rule.RENAMED, NOTE, need.name, text, advice, tuple(aliases))
            return
        text = f"{heirs} takes {devices if aliases else 'the devices'} from {need.name}"
        text += "" if self.new.state(need.name) == MODULE else f", which {self.new.label} does not have"
        advice = f"check whether {heirs} supports the device; if needed early, add it to the initramfs"
        yield Finding(Rule.REPLACED, WARNING, found[0], text, advice, tuple(aliases))

    def _renamed(self, name: str, found: Sequence[str], aliases: Sequence[str]) -> bool:
        """Whether ``found`` is new in the new kernel, and ``name`` no longer claims the aliases."""
        if self.old is None or self.old.state(name) == ABSENT:
            return False
        if any(name in self.new.serving(alias) for alias in aliases):
            return False
        return all(self.old.state(it) == ABSENT for it in found)

    def _blacklisted(self, aliases: Sequence[str]) -> Finding | None:
        for alias in aliases:
            for it in self.new.lookup(alias):
                reason = self.new.resolver.blacklisted(it)
                if reason and self.new.state(it.name) != ABSENT:
                    text = f"{it.name} supports it, but {reason.place} has '{reason.text}'"
                    advice = f"remove that line if there is no reason left to disable {it.name}"
                    return Finding(Rule.BLACKLISTED, ERROR, it.name, text, advice, tuple(aliases))
        return None

    def _gone(self, need: Need, devices: str, symbols: Sequence[str] = ()) -> Finding:
        label, name = self.new.label, need.name
        if self.new.state(name) == MODULE:
            text = f"{name} of {label} no longer supports {devices}, and no other module does"
        else:
            text = f"{label} has no {name}" + (f", and nothing else for {devices}" if symbols else "")
        home = self.elsewhere.find(name, self.new)
        advice = home or "keep the old kernel, or find an out-of-tree module"
        return Finding(Rule.GONE, ERROR, name, text, advice, tuple(symbols))

    def _file_system(self, need: Need) -> Judged:
        names = [f"fs-{need.name}", need.name]
        found = [it for alias in names for it in self.new.serving(alias)]
        if found or any(self.new.state(name) != ABSENT for name in (need.name, f"{need.name}fs")):
            return Judged(need, tuple(dict.fromkeys(it for it in found if self.new.state(it) == MODULE)), ())
        if self.old is not None and not any(self.old.lookup(alias) for alias in names):
            return Judged(need, (), ())  # unknown to the old one too: built in
        text = f"{self.new.label} has no file system {need.name}, used in {need.place}"
        near = similar(
            need.name, [it for it in self.new.names if self.new.place(it).startswith("kernel/fs/")]
        )
        home = self.elsewhere.find(need.name, self.new)
        advice = home or "copy the data before the reboot, or find an out-of-tree module"
        if near and self.old is not None and self.old.state(near) == ABSENT:
            advice = f"{near} may be its successor: change the type in {need.place}"
        severity = ERROR if need.in_use else WARNING
        return Judged(need, (), (Finding(Rule.GONE, severity, need.name, text, advice),))

    def _named(self, need: Need) -> Judged:
        """A module requested by name in a file or by a program."""
        found = self.new.serving(need.name)
        state = self.new.state(need.name)
        if found and not (state == UNLISTED and need.kind == FILE):
            return Judged(need, tuple(it for it in found if self.new.state(it) == MODULE), ())
        if state == UNLISTED:
            told = self._unlisted(need) if need.kind == FILE else ()
            return Judged(need, (), told)
        if state != ABSENT:
            return Judged(need, (need.name,) if state == MODULE else (), ())
        if need.kind == FILE:
            return Judged(need, (), (self._missing_name(need),))
        return Judged(need, (), tuple(self._unloaded(need)))

    def _unlisted(self, need: Need) -> tuple[Finding, ...]:
        if self.old is not None and self.old.state(need.name) == UNLISTED:
            return ()
        text = f"it is built into {self.new.label}, but modules.builtin lacks it: '{LOADS} {need.name}' fails"
        return (Finding(Rule.UNLISTED, WARNING, need.name, text, f"remove it from {need.place}"),)

    def _missing_name(self, need: Need) -> Finding:
        found = self._gone(need, "")
        library = self.old is not None and self.old.is_library(need.name)
        if library:
            advice = f"remove it from {need.place}: its users now have it built in"
            return found._replace(severity=WARNING, advice=advice)
        return found._replace(message=f"{found.message}, used in {need.place}")

    def _unloaded(self, need: Need) -> Iterator[Finding]:
        """A loaded module that is gone; libraries are ignored because their users request what they need."""
        if self.old is not None and self.old.is_library(need.name):
            return
        heirs = self._heirs(need.name)
        if heirs:
            yield from self._lost(need, heirs, ())
            return
        yield self._gone(need, "")

    def _heirs(self, name: str) -> list[str]:
        """The modules that serve the aliases of the old kernel's ``name`` in the new one."""
        if self.old is None:
            return []
        aliases = [value.replace("*", "0") for key, value in self.old.info(name) if key == "alias"]
        found = [it for alias in aliases[:MOST] for it in self._fresh(alias, self.new.serving(alias))]
        return list(dict.fromkeys(found))
