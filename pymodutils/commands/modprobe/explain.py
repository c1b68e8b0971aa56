"""What modprobe would do and what decided it: as values for programs (docs/json.md), as text for readers."""

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
    "builtin": "part of the kernel: nothing to do",
    "live": "in the kernel already: nothing to do",
    "coming": "being loaded by another program",
    "going": "being removed by another program",
}
KINDS: Final = ("blacklists", "installs", "removes", "aliases", "options", "softdeps", "weakdeps")
ABOUT: Final = {"ignored": "ignored: "}


class Ways:
    """How the module ``root`` comes to need others that are not its direct needs."""

    ENDS: Final = 4  # modules of a long way that are named, at its start and at its end

    def __init__(self, directory: ModuleDirectory, root: str) -> None:
        self.root = root
        entry = directory.entry(root)
        entries = [entry, *(directory.entry(of_path(path)) for path in entry.needs)] if entry else []
        needs = graph.read("\n".join(each.line for each in entries if each))
        self._above = graph.above(graph.build(needs), root)
        self._starts: dict[str, tuple[str, ...]] = {root: (root,)}  # the first modules on the way to each
        self._lengths = {root: 1}
        for needed, before in self._above.items():
            self._starts[needed] = (*self._starts[before], needed)[: self.ENDS]
            self._lengths[needed] = self._lengths[before] + 1

    def to(self, name: str) -> list[str]:
        """The modules from ``root`` to ``name``, of many only the ends; empty if none is between them."""
        length, end = self._lengths.get(name, 0), [name]
        if length <= len((self.root, name)):
            return []
        while end[0] != self.root and len(end) < self.ENDS:
            end.insert(0, self._above[end[0]])
        left = length - len(end)
        gap = [f"({left - self.ENDS} more)"] if left > self.ENDS else []
        return [*self._starts[name][: min(left, self.ENDS)], *gap, *end]


class Explainer:
    """Tells plans with their reasons, and with what ``kernel`` has already unless that is ignored."""

    def __init__(self, resolver: Resolver, kernel: Kernel, *, ignore_loaded: bool) -> None:
        self.resolver = resolver
        self.directory = resolver.directory
        self.kernel = kernel
        self.ignore_loaded = ignore_loaded

    def module(self, module: Module) -> Json:
        """A module that a name led to, and how."""
        reasons = [_reason(self._named(reason, module.name)) for reason in module.reasons]
        return {"module": module.name, "alias": module.alias or None, "reasons": reasons}

    def plan(self, module: Module, plan: Load | Remove) -> Json:
        """The same with what is to be done."""
        if isinstance(plan, Remove):
            return {**self.module(module), "steps": list(self._removal(plan))}
        ways = Ways(self.directory, plan.module)
        steps = [self._step(step, ways) for step in plan.steps]
        forbidden = _reason(plan.blacklisted) if plan.blacklisted else None
        state = self._state(plan.module)
        return {**self.module(module), "state": state, "blacklisted": forbidden, "steps": steps}

    def _named(self, reason: Reason, name: str) -> Reason:
        """``reason`` with the pattern, if it is an alias that an index led from to the module ``name``."""
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
        """The loaded modules that have to go before ``name`` can, in the order of going."""
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
    """The lines that tell ``documents`` to a reader."""
    for document in documents:
        for module in document["modules"]:
            yield f"{document['name']} is the module {module['module']}"
            yield from _reasons(module["reasons"])
            if module.get("blacklisted"):
                yield "nothing is done: it is blacklisted"
                yield from _reasons([module["blacklisted"]])
            for step in module.get("steps", ()):
                yield step["line"] or f"nothing can be done: {step['module']} has no file"
                yield from _reasons([reason for reason in step["reasons"] if reason not in module["reasons"]])
                yield from _circumstances(step)


def _circumstances(step: Json) -> Iterator[str]:
    if step["action"] in ("rmmod", "remove"):
        if step["first"]:
            yield f"  in use: {', '.join(step['first'])} would have to go first"
        elif step["users"]:
            yield f"  in use: its use count is {step['users']}"
        if step["action"] == "rmmod" and step["state"] in (None, "builtin"):
            yield "  not in the kernel" if step["state"] is None else "  part of the kernel: it cannot go"
    elif step["state"]:
        yield f"  {STATES[step['state']]}"


def _reasons(reasons: Sequence[Json]) -> Iterator[str]:
    for reason in reasons:
        place = f" ({reason['place']})" if reason["place"] else ""
        yield f"  {ABOUT.get(reason['kind'], '')}{reason['text']}{place}"


def _reason(reason: Reason) -> Json:
    return {**reason._asdict(), "place": reason.place or None}


def _unused(name: str) -> Reason:
    return Reason("unused", f"only if nothing uses it once {name} is gone")


def configuration(config: Config, directory: ModuleDirectory) -> Json:
    """Everything that ``modprobe -c`` shows, each record with its place."""
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
