"""A profile as JSON; docs/profile.schema.json describes it."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from pymodutils.errors import ModutilsError
from pymodutils.profile.profile import (
    Cipher,
    Device,
    FileSystem,
    LoadedModule,
    ModprobeLine,
    OutOfTree,
    Policy,
    Profile,
    Wish,
)

FORMAT: Final = "pymodutils profile"
VERSION: Final = 1
ROWS: Final[dict[str, type[NamedTuple]]] = {
    "devices": Device,
    "modules": LoadedModule,
    "wishes": Wish,
    "config": ModprobeLine,
    "file_systems": FileSystem,
    "ciphers": Cipher,
    "out_of_tree": OutOfTree,
}
LISTS: Final = ("mapper", "firmware", "incomplete")
TEXTS: Final = ("release", "version", "arch", "cmdline")


def document(profile: Profile) -> dict[str, Any]:
    """``profile`` as JSON values."""
    found = profile._asdict()
    uname = found.pop("version")
    for key in ROWS:
        found[key] = [row._asdict() for row in getattr(profile, key)]
    for row in found["modules"]:
        row["parameters"] = dict(row["parameters"])
    found["policy"] = profile.policy._asdict()
    return {"format": FORMAT, "version": VERSION, "uname_version": uname, **found}


def dumps(profile: Profile) -> str:
    """``profile`` as the text of a file, with one line per device and module."""
    lines = []
    for key, value in document(profile).items():
        text = json.dumps(value, ensure_ascii=True)
        if key in ROWS and value:
            text = "[\n" + ",\n".join(f"  {json.dumps(row, ensure_ascii=True)}" for row in value) + "\n ]"
        lines.append(f"{json.dumps(key)}: {text}")
    return "{" + ",\n ".join(lines) + "}\n"


def loads(data: bytes, subject: str) -> Profile:
    """The profile in ``data``; raises ModutilsError for ``subject``."""
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
            raise _bad(subject, "it is no profile: make one with 'pymodutils profile -o FILE'")
        version = found.pop("version", None)
        if version != VERSION:
            raise _bad(subject, f"its format is version {version}, known is {VERSION}: record it again")
        return _profile(found, subject)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _bad(subject, f"it is damaged: {error}") from None


def _profile(found: dict[str, Any], subject: str) -> Profile:
    found["version"] = found.pop("uname_version", "")
    extra = found.keys() - set(Profile._fields)
    if extra:
        raise _bad(subject, f"it has a field that is not known: {min(extra)}")
    for key in TEXTS:
        if not isinstance(found.get(key, ""), str):
            raise _bad(subject, f"{key} is {found[key]!r}, not a text")
    for key, kind in ROWS.items():
        found[key] = tuple(_row(kind, key, row) for row in _list(found, key))
    for key in LISTS:
        found[key] = tuple(map(str, _list(found, key)))
    policy = found.get("policy", {})
    _check_fields(Policy, "policy", policy)
    found["policy"] = Policy(**{**policy, "keys": tuple(map(str, _list(policy, "keys")))})
    return Profile(**found)


def _list(found: dict[str, Any], key: str) -> list[Any]:
    rows = found.get(key, [])
    if not isinstance(rows, list):
        raise TypeError(f"{key} is {rows!r:.40}, not a list")
    return rows


def _check_fields(kind: type[NamedTuple], key: str, row: object) -> None:
    """Raise TypeError unless ``row``, one of ``key``, is an object with the fields of ``kind``."""
    if not isinstance(row, dict):
        raise TypeError(f"{key} has {row!r:.40}, not an object")
    for name in kind._fields:
        if name not in row and name not in kind._field_defaults:
            raise TypeError(f"{key} has an entry without {name}")
    for name in sorted(row.keys() - {*kind._fields}):
        raise TypeError(f"{key} has a field that is not known: {name}")


def _row(kind: Any, key: str, row: dict[str, Any]) -> Any:
    """A row of ``key`` with lists as tuples, the rest checked against the type of the default."""
    _check_fields(kind, key, row)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    if "parameters" in row:
        given = row["parameters"]
        if not isinstance(given, dict):
            raise TypeError(f"{key} has {given!r:.40} for parameters")
        values["parameters"] = tuple((str(name), str(text)) for name, text in given.items())
    made = kind(**values)
    for name, value in zip(made._fields, made, strict=True):
        allowed = NUMBERS.get(name, (str, tuple) if name in SEQUENCES else (str,))
        if not isinstance(value, allowed):
            raise TypeError(f"{key} has {value!r:.40} for {name}")
    return made


NUMBERS: Final[dict[str, tuple[type, ...]]] = {
    "size": (int,),
    "users": (int, type(None)),
    "module": (str, type(None)),
}
SEQUENCES: Final = ("holders", "parameters", "asked")


def _bad(subject: str, why: str) -> ModutilsError:
    return ModutilsError(subject, f"{subject}: {why}")
