"""A booted kernel in the memory of this process alone: for tests, which begin anew each time."""

from __future__ import annotations

import gc
import os
import platform
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

from pymodutils import names
from pymodutils.elf import compress, scan
from pymodutils.elf.btf import Btf
from pymodutils.errors import BadKernel, BadModule, NotFound
from pymodutils.kernel.booted import boot, ends
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.kernel import BootedKernel, default_path
from pymodutils.kernel.booted.module import LiveModule
from pymodutils.machine import saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.results import Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.machine.guest import Guest
    from pymodutils.machine.results import Result

BUDGET: Final = 200  # slices of machine.machine.SLICE: two to five seconds of a processor


class LiveKernel(BootedKernel):
    """The kernel on ``guest``, taken from ``path``; what is done to it is gone with it."""

    def __init__(self, path: str, guest: Guest) -> None:
        super().__init__(path)
        self.guest = guest
        guest.machine.budget = BUDGET
        self.modules: dict[str, LiveModule] = {}

    @classmethod
    def boot(cls, image: str | os.PathLike[str] = "", cmdline: str = "", memory: int = MEMORY) -> Self:
        """The kernel of ``image`` or of a state file, which stays as it is; booted once, then restored.

        Without ``image`` it is the kernel that ``--backend machine`` means, else that of the running release.
        Raises BadKernel and BadState.
        """
        path = os.fspath(image) or _default()
        if saved.is_state(path):
            return cls(path, saved.load(path)[1])
        return cls(path, saved.take(boot.base(path, cmdline, memory)))

    def load(self, path: str | os.PathLike[str], **params: object) -> LiveModule:
        """Load the module file ``path`` and the modules that it depends on; its parameters by name.

        Those are looked for beside it and in the module directory of the image. Raises Refused with the
        errno of the kernel or of init, and as ``LiveModule.call`` where init does not return.
        """
        file = os.fspath(path)
        for needed in self._needed(file):
            if names.of_path(needed) not in self.modules:
                self.load(needed)
        self.insert(file, " ".join(f"{name}={_word(value)}" for name, value in params.items()))
        name = _name(file)
        self.modules[name] = LiveModule(self, name, file)
        return self.modules[name]

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name``; Refused with the kernel's errno."""
        super().delete(name, force=force)
        self.modules.pop(names.normalize(name), None)

    def call(self, name: str, *arguments: object) -> Any:
        """What the kernel's own function ``name`` returns; as LiveModule.call."""
        function = self.btf.function(name) if self.btf else None
        if function is None:
            raise NotFound(name, f"no prototype of {name} is in the kernel's BTF")
        call = Call(self.guest, function)
        result = call.run(self.guest.address(name), arguments)
        if isinstance(result, Returned):
            return call.returned(result)
        raise ends.error(name, result)

    @cached_property
    def btf(self) -> Btf | None:
        """The types of the kernel itself, or None if it has no BTF."""
        try:
            start, stop = (self.guest.address(f"__{word}_BTF") for word in ("start", "stop"))
        except BadKernel:
            return None
        return _btf(self.guest.machine.space.read(start, stop - start))

    def messages(self, after: int = 0) -> list[str]:
        """The texts of the log, without levels and times, from line ``after`` on."""
        return [line.text for line in self.log(after)]

    def close(self) -> None:
        """Give the memory back; the kernel cannot be used any more."""
        del self.guest
        self.modules.clear()
        gc.collect()  # a machine is a cycle: its hooks know it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _change(self, step: Callable[[Guest], Result]) -> Result:
        return step(self.guest)

    def _current(self) -> Guest:
        return self.guest

    def _needed(self, path: str) -> Iterator[str]:
        """The files of the modules that ``path`` depends on and that are not loaded."""
        info = scan.Elf(compress.read(path), path).section(".modinfo") or b""
        said = next((it[8:] for it in info.split(b"\0") if it.startswith(b"depends=")), b"")
        for name in filter(None, said.decode("utf-8", "surrogateescape").split(",")):
            if names.normalize(name) in self.modules or self.state(names.normalize(name)):
                continue
            beside = (os.path.join(os.path.dirname(path), f"{name}{end}") for end in names.EXTENSIONS)
            found = next(filter(os.path.exists, beside), None) or _in_tree(self.path, names.normalize(name))
            if found is None:
                raise BadModule(path, f"{path} depends on {name}: load that first")
            yield found


def _name(path: str) -> str:
    """The name that the module file ``path`` declares, else the file's."""
    info = scan.Elf(compress.read(path), path).section(".modinfo") or b""
    said = next((it[5:] for it in info.split(b"\0") if it.startswith(b"name=")), b"")
    return said.decode("utf-8", "surrogateescape") or names.of_path(path)


def _in_tree(image: str, name: str) -> str | None:
    """The file of the module ``name`` in the module directory that belongs to ``boot/vmlinuz-RELEASE``."""
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


@lru_cache(maxsize=2)
def _btf(data: bytes) -> Btf:
    return Btf(data, subject="the kernel")


def _default() -> str:
    """The state file of the machine, else the image of the running kernel."""
    state, image = default_path(), f"/boot/vmlinuz-{platform.release()}"
    if os.path.exists(state):
        return state
    if os.path.exists(image):
        return image
    raise BadKernel(
        "kernel", f"no kernel to run: name an image, or make {state} with 'kernel boot --machine'"
    )


def _word(value: object) -> str:
    """``value`` as a module parameter's."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(map(_word, value))
    text = str(value)
    return f'"{text}"' if " " in text else text
