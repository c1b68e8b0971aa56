"""Describe a kernel from the files of a folder or package: image, configuration, headers, modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadKernel
from pymodutils.kernel.combine import combine
from pymodutils.kernel.sources import builtin, config, headers, image
from pymodutils.kernel.sources.modules import Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.description import Description

KINDS: Final = {  # kind -> the end of its path; comments name the packaging
    "image": r"boot/(?:vmlinu[xz]|Image|zImage)[^/]*"
    r"|lib/modules/[^/]+/vmlinuz"  # Fedora
    r"|usr/bin/linux\.uml",  # Debian's user-mode-linux
    "config": r"boot/config-[^/]+|lib/modules/[^/]+/config|\.config|user-mode-linux/config(?:\.gz)?",
    "symvers": r"Module\.symvers|(?:boot|lib/modules/[^/]+)/symvers[^/]*\.(?:gz|xz|zst)",
    "generated": r"include/generated/(?:utsrelease|utsversion|compile)\.h",
    "builtin": r"modules\.builtin\.modinfo",
    "module": r"[^/]+\.ko(?:\.gz|\.xz|\.zst)?",
}
KIND: Final = re.compile("|".join(f"(?P<{kind}>(?:^|.*/)(?:{end}))" for kind, end in KINDS.items()))
ORDER: Final = ("image", "config", "symvers", "generated", "modules", "builtin")  # in order of precedence
TEXT_LIMIT: Final = 32 << 20  # bytes of a configuration or a Module.symvers


def kind_of(path: str) -> str | None:
    """The kind of the file ``path`` (with slashes): one of KINDS, or None."""
    match = KIND.fullmatch(path)
    return match.lastgroup if match else None


class Files:
    """The files seen so far; ``describe`` combines them."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: dict[str, list[Description]] = {kind: [] for kind in ORDER}
        self.texts: list[tuple[str, str]] = []  # configurations are kept until the release is known
        self.modules = Union()
        self.skipped: list[str] = []

    def add(self, path: str, kind: str, read: Callable[[], bytes]) -> None:
        """Read the file ``path`` of ``kind``; raises BadKernel or BadModule if it is damaged."""
        if kind == "module":
            self.modules.add(Elf(compress.decompress(read(), path), path))
        elif kind == "image":
            self.parts["image"].append(image.describe(read(), path))
        else:
            self._text(path, kind, self._read_text(path, read()))

    def skip(self, path: str) -> None:
        """Record ``path``, which is not read: a pipe, a socket or a device."""
        self.skipped.append(path)

    def _text(self, path: str, kind: str, text: str) -> None:
        if kind == "config":
            self.texts.append((path, text))
        elif kind == "builtin":
            self.parts["builtin"].append(builtin.describe(text, path))
        elif kind == "symvers":
            self.parts["symvers"].append(headers.symvers(text, path))
        else:
            self.parts["generated"].append(headers.generated(text, path))

    def _read_text(self, path: str, data: bytes) -> str:
        data = compress.decompress(data, path)
        if len(data) > TEXT_LIMIT:
            raise BadKernel(path, f"{path}: {len(data)} bytes are too many for a text of a kernel")
        return data.decode("utf-8", "surrogateescape")

    def __bool__(self) -> bool:
        return bool(self.modules.count or self.texts or any(self.parts.values()))

    def describe(self) -> Description:
        """The description from the files; raises BadKernel if none is usable."""
        if not self:
            wanted = "give a kernel image, a Module.symvers, a .config or modules"
            raise BadKernel(self.source, f"{self.source}: it holds nothing that describes a kernel: {wanted}")
        if self.modules.count:
            self.parts["modules"].append(self.modules.describe(self.source))
        releases = sorted({part.release or "" for part in self.parts["image"]})
        if len(releases) > 1:
            raise BadKernel(
                self.source, f"{self.source}: it holds several kernels ({', '.join(releases)}): give one"
            )
        release = next((part.release for kind in ORDER for part in self.parts[kind] if part.release), None)
        self.parts["config"] = [config.describe(text, path, release) for path, text in self.texts]
        told = combine([part for kind in ORDER for part in self.parts[kind]])
        skipped = tuple(f"{path}: not a regular file, so it is not read" for path in self.skipped)
        return told._replace(conflicts=(*told.conflicts, *skipped)) if skipped else told
