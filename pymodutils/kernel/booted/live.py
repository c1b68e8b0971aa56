"""A booted kernel in the memory of this process alone: for tests, which begin anew each time."""

from __future__ import annotations

import gc
import os
import platform
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from pymodutils import names
from pymodutils.elf import compress, scan
from pymodutils.elf.btf import Btf
from pymodutils.errors import BadKernel, BadModule, ModutilsError, NotFound, Refused
from pymodutils.kernel.booted import boot, ends, values
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.kernel import BootedKernel, default_path
from pymodutils.kernel.booted.module import LiveModule
from pymodutils.kernel.booted.replace import Replacement
from pymodutils.machine import checkpoint, saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.results import Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pymodutils.machine.checkpoint import Checkpoint
    from pymodutils.machine.guest import Guest
    from pymodutils.machine.results import Result

SECONDS: Final = 5  # of processor time that a call may take

FRAME: Final = re.compile(r"([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+ \[(\w+)\]")


class Moment(NamedTuple):
    """A machine, and the modules in it."""

    checkpoint: Checkpoint
    modules: dict[str, LiveModule]


class LiveKernel(BootedKernel):
    """The kernel on ``guest``, taken from ``path``; what is done to it is gone with it."""

    def __init__(self, path: str, make: Callable[[], Guest]) -> None:
        super().__init__(path)
        self._make, self.guest = make, make()
        self.guest.machine.limit(SECONDS)
        self.modules: dict[str, LiveModule] = {}
        self._replaced: list[Replacement] = []
        _, self._booted = self.guest.log_end()
        self._start = self.moment()

    @classmethod
    def boot(cls, image: str | os.PathLike[str] = "", cmdline: str = "", memory: int = MEMORY) -> Self:
        """The kernel of ``image`` or of a state file, which stays as it is; booted once, then restored.

        Without ``image`` it is the kernel that ``--backend machine`` means, else that of the running release.
        Raises BadKernel and BadState.
        """
        path = os.fspath(image) or _default()
        if saved.is_state(path):
            return cls(path, lambda: saved.load(path)[1])
        base = boot.base(path, cmdline, memory)
        return cls(path, lambda: saved.take(base))

    # Moments

    def moment(self) -> Moment:
        """What is now, for ``restore``."""
        return Moment(checkpoint.take(self.guest), dict(self.modules))

    def restore(self, moment: Moment) -> None:
        """Let all be as it was at ``moment``, in a millisecond or two; stand-ins are undone."""
        for replaced in self._replaced:
            replaced.undo()
        self._replaced.clear()
        if self.guest.machine.spoiled:
            self.guest = self._make()
            self.guest.machine.limit(SECONDS)
        checkpoint.restore(self.guest, moment.checkpoint)
        self.modules = dict(moment.modules)

    def reset(self) -> None:
        """Let all be as it was when the kernel had booted."""
        self.restore(self._start)

    # Modules

    def load(self, path: str | os.PathLike[str], **params: object) -> LiveModule:
        """Load the module file ``path`` and the modules that it depends on; its parameters by name.

        Those are looked for beside it and in the module directory of the image. Raises Refused with the
        errno of the kernel or of init, and as ``LiveModule.call`` where init does not return.
        """
        file = os.fspath(path)
        for needed in self._needed(file):
            if names.of_path(needed) not in self.modules:
                self.load(needed)
        try:
            self.insert(file, " ".join(f"{name}={_word(value)}" for name, value in params.items()))
        except Refused as refused:
            words = f"{file}: not loaded: {values.status(-refused.errno)!r}, {os.strerror(refused.errno)}"
            raise Refused(file, words, refused.errno) from None
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

    def replace(
        self,
        name: str,
        stand_in: Callable[..., object] | None = None,
        *,
        fail_at: int | Collection[int] = (),
        result: object = None,
    ) -> Replacement:
        """Let the function ``name`` be ``stand_in``, which gets its arguments, when a module calls it.

        With ``fail_at`` its calls with these numbers, from 1, give ``result`` (NULL, else -ENOMEM), and all
        others what they would. MODULE:NAME is a function of a module, for every caller. Raises NotFound.
        """
        numbers = (fail_at,) if isinstance(fail_at, int) else fail_at
        if stand_in is None and not numbers:
            raise ModutilsError(name, f"replace {name} by what? give a function or fail_at")
        self._replaced.append(Replacement(self, name, stand_in, numbers, result))
        return self._replaced[-1]

    # What is known of it

    @cached_property
    def btf(self) -> Btf | None:
        """The types of the kernel itself, or None if it has no BTF."""
        try:
            start, stop = (self.guest.address(f"__{word}_BTF") for word in ("start", "stop"))
        except BadKernel:
            return None
        return _btf(self.guest.machine.space.read(start, stop - start))

    def messages(self) -> list[str]:
        """The texts of the log since the kernel booted, without levels and times."""
        return [ends.text(line) for line in self.guest.log(self._booted)[0]]

    def transcript(self) -> list[str]:
        """``messages`` with the line of the source where one is known."""
        return [self._annotated(text) for text in self.messages()]

    def _annotated(self, text: str) -> str:
        found = FRAME.search(text)
        module = self.modules.get(found[3]) if found else None
        if not found or not module:
            return text
        returns = not text.startswith("RIP")  # a trace has the instruction after a call
        line = module.line(found[1], int(found[2], 16) - returns)
        return f"{text}  {line}" if line else text

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
