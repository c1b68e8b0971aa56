"""Files for a LiveKernel: its image, modules with dependencies; and parameters as text."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from typing import TYPE_CHECKING

from pymodutils import names
from pymodutils.elf import compress, scan
from pymodutils.errors import BadKernel, BadModule
from pymodutils.kernel.booted.kernel import default_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def needed(path: str, image: str, *, partly: bool = False) -> Iterator[str]:
    """The files of the dependencies of ``path``: in its directory, or in the module directory of ``image``.

    Raises BadModule if one is in neither, unless ``partly``.
    """
    for word in filter(None, _value(path, "depends").split(",")):
        beside = (os.path.join(os.path.dirname(path), f"{word}{end}") for end in names.EXTENSIONS)
        found = next(filter(os.path.exists, beside), None) or _in_tree(image, names.normalize(word))
        if found is not None:
            yield found
        elif not partly:
            raise BadModule(path, f"{path} depends on {word}: load that first")


def name(path: str) -> str:
    """The name declared in the module file ``path``, or that of the file."""
    return _value(path, "name") or names.of_path(path)


def _value(path: str, key: str) -> str:
    """The value of ``key`` in .modinfo."""
    info = scan.Elf(compress.read(path), path).section(".modinfo") or b""
    pairs = (it.partition(b"=") for it in info.split(b"\0"))
    found = next((value for word, _, value in pairs if word == key.encode()), b"")
    return found.decode("utf-8", "surrogateescape")


def _in_tree(image: str, name: str) -> str | None:
    """The file of the module ``name`` in the module directory for ``boot/vmlinuz-RELEASE``."""
    return _tree(os.path.abspath(image)).get(name)


@lru_cache(maxsize=2)
def _tree(image: str) -> dict[str, str]:
    folder, _, release = image.rpartition("/")[0], None, image.rpartition("vmlinuz-")[2]
    above = os.path.dirname(folder)
    tops = [os.path.join(above, it, release) for it in ("lib/modules", "usr/lib/modules")]
    if os.path.basename(image) == "vmlinuz":
        tops = [folder]
    found: dict[str, str] = {}
    for top in tops:
        for where, _, files in os.walk(top):
            for file in filter(names.is_module_file, files):
                found.setdefault(names.of_path(file), os.path.join(where, file))
    return found


def kernel() -> str:
    """The state file of the machine, or else the image of the running kernel."""
    state, image = default_path(), f"/boot/vmlinuz-{platform.release()}"
    if os.path.exists(state):
        return state
    if os.path.exists(image):
        return image
    how = "give an image, or boot one: pymodutils kernel boot --machine --from IMAGE"
    raise BadKernel("kernel", f"no kernel to run: {state} does not exist; {how}")


def parameters(params: Mapping[str, object]) -> str:
    """``params`` as words for the kernel."""
    return " ".join(f"{name}={_word(value)}" for name, value in params.items())


def _word(value: object) -> str:
    """``value`` as the text of a module parameter."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(map(_word, value))
    text = str(value)
    return f'"{text}"' if " " in text else text
