"""The three ways of loading: linked by insmod for 2.4, by the kernel, and by the linker."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.x86 import I386
from pymodutils.dyn import measure
from pymodutils.dyn.kernel import Kernel25
from pymodutils.elf.ksymtab import Export
from pymodutils.errors import ModutilsError
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.memory_map import of
from pymodutils.kernel.emulated.state.database import MEMORY
from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel.state import ModuleSymbol
from pymodutils.talk.trace import Traced

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch

NAME, PRINTK, PAGE = "hello", 0xC011_0000, 4096
OLD, NEW, SHARED, SPARC = "hello-2.4.o", "hello-2.6.ko", "hello.klm", "hello-sparc64.ko"
SIZE: Final = 16 << 20  # bytes of the kernels of 2.6
ON: Final = ("SMP", "MODULE_UNLOAD", "KALLSYMS", "KALLSYMS_ALL", "MODULES", "SYSFS")
HASHES: Final = ("CRYPTO_MD5", "CRYPTO_SHA1", "CRYPTO_SHA3", "CRYPTO_SHA512")
OFF: Final = ("MODVERSIONS", "MODULE_FORCE_UNLOAD", "MODULE_SIG", "STRICT_MODULE_RWX", "PREEMPT_RT")


class Way(NamedTuple):
    """Statistics of loading the module: bytes and calls."""

    calls: int  # system calls
    handed: int  # bytes passed to init_module
    relocations: int  # applied by the kernel
    memory: int  # bytes of the module in the kernel
    pages: int  # bytes of its pages

    @property
    def wasted(self) -> int:
        """Bytes at the end of the last page."""
        return self.pages - self.memory


def module(name: str) -> bytes:
    """The bytes of one of the modules."""
    return files(__package__).joinpath("modules", name).read_bytes()


def old_way() -> tuple[Way, list[str]]:
    """Load it like modutils; return the system calls in the format of strace."""
    kernel = Traced.boot([ModuleSymbol(PRINTK, "printk")])
    report = RunMessages("insmod")
    Loading(kernel, OLD, InsmodOptions(name=NAME), report).run(module(OLD), (), Origin(f"/{OLD}", 0))
    image = kernel.given(NAME)
    size = len(kernel.memory(NAME)[1])
    calls = [line for line in kernel.calls if "=" in line]
    return Way(len(calls), len(image), 0, size, _pages(size, PAGE)), calls


def new_way(arch: Arch = I386, name: str = NEW) -> tuple[Way, EmulatedKernel]:
    """Load it as in 2.6, on ``arch``; return the kernel."""
    kernel = EmulatedKernel.boot(description(arch))
    image = module(name)
    kernel.init_module(image)
    areas = [area for area in kernel.look(partial(of, name=NAME)).areas if not area.init]
    page = arch.page_size or PAGE
    pages = sum(_pages(area.size, page) for area in areas)
    relocations = measure.relocatable(image).relocations
    return Way(1, len(image), relocations, sum(area.size for area in areas), pages), kernel


def shared_way() -> tuple[Way, list[str]]:
    """Load it as a shared object; return its messages, or why it cannot run."""
    kernel, image = Kernel25.boot(MEMORY, [(PRINTK, "printk")], "2.5.49"), module(SHARED)
    try:
        kernel.init_module(NAME, image)
    except ModutilsError as error:
        return Way(1, len(image), 0, 0, 0), [str(error)]
    size = kernel.module(NAME).size
    relocations = measure.shared(image).relocations
    return Way(1, len(image), relocations, size, _pages(size, PAGE)), [text for _, text in kernel.log()]


def _pages(size: int, page: int) -> int:
    return -(-size // page) * page


def description(arch: Arch) -> Description:
    """The kernel of ``arch`` for which the module of 2.6 is."""
    printk = arch.kernel_text + PAGE
    return Description(
        release="6.1.0",
        version="#1 SMP",
        vermagic="6.1.0 SMP mod_unload ",
        machine=arch.machines[0],
        bits=arch.bits,
        order=arch.order,
        page_size=arch.page_size,
        exports={"printk": Export(printk, None, gpl=False, namespace="")},
        complete=True,
        switches={**dict.fromkeys((*ON, *HASHES), True), **dict.fromkeys(OFF, False)},
        percpu=arch.kernel_text + SIZE,
        generation="6.1",
    )
