"""A booted kernel in the memory of this process only, for tests that start fresh each time."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, Final, Self

from pymodutils import names
from pymodutils.errors import ModutilsError, NotFound, Refused
from pymodutils.kernel.booted import base, ends, files, words
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.module import LiveModule
from pymodutils.kernel.booted.replace import Replacement
from pymodutils.kernel.booted.watched import WatchedKernel
from pymodutils.machine import saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.results import Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pymodutils.kernel.booted.misuse import Note

GRACE: Final = 50  # milliseconds after which RCU has freed memory


class LiveKernel(WatchedKernel):
    """A kernel and the modules that a test loads into it; changes are discarded with it."""

    @classmethod
    def boot(cls, image: str | os.PathLike[str] = "", cmdline: str = "", memory: int = MEMORY) -> Self:
        """The kernel of ``image`` or of a state file, which is not changed; booted once, then restored.

        Without ``image``: the kernel of ``--backend machine``, else that of the running release. Raises
        BadKernel and BadState.
        """
        path = os.fspath(image) or files.kernel()
        if saved.is_state(path):
            return cls(path, lambda: saved.load(path)[1])
        name = base.booted(path, cmdline, memory)[0]
        return cls(path, lambda: saved.take(name))

    # Modules

    def load(self, path: str | os.PathLike[str], **params: object) -> LiveModule:
        """Load the module file ``path`` and the modules that it depends on; its parameters by name.

        Those are searched next to it and in the module directory of the image. Raises Refused with the
        errno of the kernel or of init, and as ``LiveModule.call`` where init does not return.
        """
        file = os.fspath(path)
        self.load_needed(file)
        name = files.name(file)
        module = LiveModule(self, name, file)
        if self.checks:
            self.checks.expect(module)
        known = self.modules.setdefault(name, module)  # stand-ins that init() calls ask for its types
        try:
            self.insert(file, files.parameters(params))
        except ModutilsError as error:
            if known is module:
                del self.modules[name]
            if not isinstance(error, Refused):
                raise
            text = f"{file}: not loaded: {words.status(-error.errno)!r}, {os.strerror(error.errno)}"
            raise Refused(file, text, error.errno) from None
        if name in self._inits:
            module.init_at(self._inits[name])
        return module

    def load_needed(self, file: str) -> None:
        """Load the dependencies of the module ``file``; raises as ``load``."""
        for needed in files.needed(file, self.path, partly=bool(self.stubs and self.stubs.made)):
            name = files.name(needed)
            if name not in self.modules and self.state(name) is None:
                self.load(needed)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name``; Refused with the kernel's errno."""
        located = {module.name: module for module in self.located} if self.checks or self.coverage else {}
        super().delete(name, force=force)
        self.modules.pop(names.normalize(name), None)
        if names.normalize(name) in located:
            self._removed.append(located[names.normalize(name)])

    def unload(self) -> None:
        """Remove all removable modules, newest first; with ``checks``, record leaks."""
        for name in reversed(list(self.modules)):
            try:
                self.delete(name)
            except Refused:
                continue  # no exit(), or in use
        if self.checks and not self.modules:
            self.guest.call("msleep", GRACE)
            self.checks.leaks()

    def adopt(self, path: str) -> LiveModule:
        """The module of the file ``path``, which is or was just loaded by ``insert``, to name its code."""
        name = files.name(path)
        module = LiveModule(self, name, path)
        if name in self._inits:
            module.init_at(self._inits[name])
        if self.state(name) is None:
            self._removed.append(module)
        else:
            self.modules[name] = module
        return module

    def left_by(self, name: str, before: Collection[tuple[Note, int]]) -> list[Note]:
        """What the removed module ``name`` left allocated since ``checks.left()`` was ``before``."""
        if not self._left_by(name, before):
            return []
        self.guest.call("msleep", GRACE)
        return self._left_by(name, before)

    def _left_by(self, name: str, before: Collection[tuple[Note, int]]) -> list[Note]:
        codes = self._codes.get(name, [])
        new = sorted(self.checks.left().difference(before)) if self.checks else []
        return [note for note, _ in new if any(note.places[1] in code for code in codes)]

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
        """Replace the function ``name`` by ``stand_in``, which gets its arguments, when a module calls it.

        With ``fail_at``, only the calls with these numbers, from 1, return ``result`` (NULL, else -ENOMEM).
        MODULE:NAME is a function of a module, replaced for every caller. A function that the kernel lacks
        becomes available to modules loaded afterwards. Raises NotFound.
        """
        numbers = (fail_at,) if isinstance(fail_at, int) else fail_at
        if stand_in is None and not numbers:
            raise ModutilsError(name, f"replace {name} by what? give a function or fail_at")
        self._replaced.append(Replacement(self, name, stand_in, numbers, result))
        return self._replaced[-1]

    def close(self) -> None:
        """Free the memory; the kernel is unusable afterwards."""
        self.closed = True
        del self.guest
        self.modules.clear()
        gc.collect()  # the hooks of a machine form a reference cycle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
