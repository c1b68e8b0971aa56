"""The steps of modprobe with their reasons, as JSON values (docs/json.md) and as text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from pymodutils.depends import graph
from pymodutils.depends.directory import ALIAS, SYMBOLS
from pymodutils.depends.plan import Load, Remove, Step, line, removals
from pymodutils.depends.resolve import Reason
from pymodutils.names import of_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.depends.config import Alias, Blacklist, Command, Config, Options, Softdep, Weakdep
    from pymodutils.depends.directory import ModuleDirectory
    from pymodutils.depends.resolve import Module, Resolver
    from pymodutils.kernel.base import Kernel

    Json = dict[str, Any]
    Record = Alias | Blacklist | Command | Options | Softdep | Weakdep

ACTIONS: Final = {"Insert": "insmod", "Install": "install", "Builtin": "builtin", "Missing": "missing"}
STATES: Final = {
    "builtin": "built in: nothing to do",
    "live": "already loaded: nothing to do",
    "coming": "being loaded by another process",
    "going": "being removed by another process",
}
KINDS: Final = ("blacklists", "installs", "removes", "aliases", "options", "softdeps", "weakdeps")
ABOUT: Final = {"ignored": "ignored: "}


class Ways:
    """Dependency paths from the module ``root`` to its indirect dependencies."""

    ENDS: Final = 4  # modules named at each end of a long path

    def __init__(self, directory: ModuleDirectory, root: str) -> None:
        self.root = root
        entry = directory.entry(root)
        entries = [entry, *(directory.entry(of_path(path)) for path in entry.needs)] if entry else []
        needs = graph.read("\n".join(each.line for each in entries if each))
        self._above = graph.above(graph.build(needs), root)
        self._starts: dict[str, tuple[str, ...]] = {root: (root,)}  # the predecessor of each on its path
        self._lengths = {root: 1}
        for needed, before in self._above.items():
            self._starts[needed] = (*self._starts[before], needed)[: self.ENDS]
            self._lengths[needed] = self._lengths[before] + 1

    def to(self, name: str) -> list[str]:
        """The modules between ``root`` and ``name``, only the ends of a long path."""
        length, end = self._lengths.get(name, 0), [name]
        if length <= len((self.root, name)):
            return []
        while end[0] != self.root and len(end) < self.ENDS:
            end.insert(0, self._above[end[0]])
        left = length - len(end)
        gap = [f"({left - self.ENDS} more)"] if left > self.ENDS else []
        return [*self._starts[name][: min(left, self.ENDS)], *gap, *end]


class Explainer:
    """Explains plans with their reasons and, unless ignored, the state of modules in ``kernel``."""

    def __init__(self, resolver: Resolver, kernel: Kernel, *, ignore_loaded: bool) -> None:
        self.resolver = resolver
        self.directory = resolver.directory
        self.kernel = kernel
        self.ignore_loaded = ignore_loaded

    def module(self, module: Module) -> Json:
        """A module that a name resolves to, and why."""
        reasons = [_reason(self._named(reason, module.name)) for reason in module.reasons]
        return {"module": module.name, "alias": module.alias or None, "reasons": reasons}

    def plan(self, module: Module, plan: Load | Remove) -> Json:
        """The same with the steps."""
        if isinstance(plan, Remove):
            return {**self.module(module), "steps": list(self._removal(plan))}
        ways = Ways(self.directory, plan.module)
        steps = [self._step(step, ways) for step in plan.steps]
        forbidden = _reason(plan.blacklisted) if plan.blacklisted else None
        state = self._state(plan.module)
        return {**self.module(module), "state": state, "blacklisted": forbidden, "steps": steps}

    def _named(self, reason: Reason, name: str) -> Reason:
        """``reason`` with the pattern, if it is an alias of the module ``name`` from an index."""
        if reason.kind != "index":
            return reason
        index = os.path.basename(reason.place).removesuffix(".bin")
        patterns = [key for key, value in self.directory.patterns(index, reason.text) if value == name]
        return reason._replace(text="; ".join(f"alias {pattern} {name}" for pattern in patterns))

    def _step(self, step: Step, ways: Ways) -> Json:
        fields = {name: value for name, value in step._asdict().items() if name != "reasons"}
        way = ways.to(step.module)
        through = f"{ways.root} needs it: {' -> '.join(way)}" if way else ""
        reasons = [
            _reason(reason._replace(text=through))
            if through and reason.kind == "dep"
            else _reason(self._named(reason, step.module))
            for reason in step.reasons
        ]
        state, action = self._state(step.module), ACTIONS[type(step).__name__]
        return {"action": action, **fields, "line": line(step), "state": state, "reasons": reasons}

    def _state(self, name: str) -> str | None:
        if self.directory.is_builtin(name):
            return "builtin"
        state = None if self.ignore_loaded else self.kernel.state(name)
        return state.value if state else None

    def _removal(self, plan: Remove) -> Iterator[Json]:
        """Every step of a removal, in order."""
        for each in removals(self.resolver, plan):
            yield self._gone(each)
            for name in each.unused:
                yield self._gone(Remove(name, None, (), (), (), (_unused(each.module),)))

    def _gone(self, plan: Remove) -> Json:
        name = plan.module
        return {
            "action": "rmmod" if plan.command is None else "remove",
            "module": name,
            "command": plan.command,
            "line": line(plan),
            "state": self._state(name),
            "users": self.kernel.users(name),
            "first": self._above(name),
            "reasons": [_reason(reason) for reason in plan.reasons],
        }

    def _above(self, name: str) -> list[str]:
        """The loaded modules that must be removed before ``name``, in order."""
        needs: dict[str, list[str]] = {name: []}
        todo = [name]
        while todo:
            needed = todo.pop()
            for user in self.kernel.holders(needed):
                if user not in needs:
                    todo.append(user)
                needs.setdefault(user, []).append(needed)
        return graph.removal_order(graph.build(needs), name)[:-1]


def text(documents: Sequence[Json]) -> Iterator[str]:
    """``documents`` as lines of text."""
    for document in documents:
        for module in document["modules"]:
            yield f"{document['name']} resolves to the module {module['module']}"
            yield from _reasons(module["reasons"])
            if module.get("blacklisted"):
                yield "blacklisted: nothing to do"
                yield from _reasons([module["blacklisted"]])
            for step in module.get("steps", ()):
                yield step["line"] or f"cannot be loaded: {step['module']} has no file"
                yield from _reasons([reason for reason in step["reasons"] if reason not in module["reasons"]])
                yield from _circumstances(step)


def _circumstances(step: Json) -> Iterator[str]:
    if step["action"] in ("rmmod", "remove"):
        if step["first"]:
            yield f"  in use: {', '.join(step['first'])} must be removed first"
        elif step["users"]:
            yield f"  in use: its reference count is {step['users']}"
        if step["action"] == "rmmod" and step["state"] in (None, "builtin"):
            yield "  not loaded" if step["state"] is None else "  built in: cannot be removed"
    elif step["state"]:
        yield f"  {STATES[step['state']]}"


def _reasons(reasons: Sequence[Json]) -> Iterator[str]:
    for reason in reasons:
        place = f" ({reason['place']})" if reason["place"] else ""
        yield f"  {ABOUT.get(reason['kind'], '')}{reason['text']}{place}"


def _reason(reason: Reason) -> Json:
    return {**reason._asdict(), "place": reason.place or None}


def _unused(name: str) -> Reason:
    return Reason("unused", f"only if unused after removing {name}")


def configuration(config: Config, directory: ModuleDirectory) -> Json:
    """The output of ``modprobe -c`` as records with their locations."""
    told: Json = {kind: [_record(record) for record in getattr(config, kind)] for kind in KINDS}
    told["indexes"] = {
        index: [{"pattern": key, "module": value} for key, value in directory.items(index)]
        for index in (ALIAS, SYMBOLS)
    }
    return told


def _record(record: Record) -> Json:
    fields = record._asdict()
    place = fields.pop("place")
    return {**fields, "file": place.file, "line": place.line or None}
