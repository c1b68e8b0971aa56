"""Two made kernels below a root, with indexed modules, and profiles for them."""

from __future__ import annotations

from pathlib import Path

from pymodutils import Modules, Root
from pymodutils.kernel import saved
from tests.kernel.emulated.modules import EXPORTS, MAGIC, description, module

OLD, NEW = "6.1.0-made", "6.2.0-made"
FIRST_CRC = 0x100  # that ``module`` gives the first export
BASIC = ("modules.order", "modules.builtin", "modules.builtin.modinfo")


class Machine:
    """A root in which both kernels are installed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for release in (OLD, NEW):
            kernel = description(MODULE_SIG=True)._replace(
                release=release, vermagic=MAGIC.replace(OLD, release)
            )
            path = root / "boot" / f"vmlinuz-{release}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(saved.dumps(kernel))
            for name in BASIC:
                self.text(release, name, "")

    def text(self, release: str, name: str, text: str) -> None:
        path = self.root / "lib/modules" / release / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add(
        self,
        release: str,
        name: str,
        *info: str,
        folder: str = "kernel/drivers",
        imports: str = "_printk",
        exports: str = "",
    ) -> None:
        """Install a module that uses the one symbol ``imports``, perhaps the export of another."""
        path = self.root / "lib/modules" / release / folder / f"{name}.ko"
        path.parent.mkdir(parents=True, exist_ok=True)
        magic, given = MAGIC.replace(OLD, release), [exports] if exports else []
        versions = {} if imports in EXPORTS else {imports: FIRST_CRC}
        path.write_bytes(
            module(name, info=info, magic=magic, imports=(imports,), versions=versions, exports=given)
        )

    def both(self, name: str, *info: str, **more: str) -> None:
        """Install a module for both kernels."""
        for release in (OLD, NEW):
            self.add(release, name, *info, **more)

    def depmod(self) -> None:
        for release in (OLD, NEW):
            Modules(release, root=Root(self.root)).depmod()
