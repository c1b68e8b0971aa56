"""Load a module into a 2.4 kernel: link it, allocate memory, relocate it, pass it to init_module."""

from __future__ import annotations

import os
from errno import EEXIST, ENOMEM
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import STB_LOCAL, STT_OBJECT
from pymodutils.errors import Exit, ModutilsError, Refused
from pymodutils.linux24.conf import search
from pymodutils.linux24.insmod import calls, checksums, header, ksymtab, load_map, parameters, persist, taint
from pymodutils.linux24.insmod.resolve import ExternalSymbols
from pymodutils.linux24.machine.model import ARCHDATA
from pymodutils.linux24.machine.slots import Slots
from pymodutils.linux24.obj import allocate, kallsyms, load, modinfo
from pymodutils.linux24.obj.relocate import relocate, relocations
from pymodutils.linux24.obj.symbols import ObjSymbol
from pymodutils.linux24.struct_module import size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.insmod.calls import SystemCalls
    from pymodutils.linux24.insmod.options import InsmodOptions
    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.obj.file import ObjFile

SPECIAL: Final = ("cleanup_module", "init_module", "kernel_version")  # never exported
NOWHERE: Final = 0x1234_0000  # the address of a module that is not loaded
HINT: Final = (
    "Hint: insmod errors can be caused by incorrect module parameters, "
    "including invalid IO or IRQ parameters.\n"
    "      You may find more information in syslog or the output from dmesg"
)
TOO_OLD: Final = (
    "has persistent data but the kernel is too old to support it.  Expect errors during rmmod as well"
)


class Loading:
    """The module in the file ``path``; ``config`` has the place of persistent data."""

    module: ObjFile
    slots: Slots
    externals: ExternalSymbols

    def __init__(
        self,
        kernel: SystemCalls,
        path: str,
        options: InsmodOptions,
        report: RunMessages,
        config: ModulesConf | None = None,
    ) -> None:
        self.kernel, self.path, self.options, self.report = kernel, path, options, report
        self.name, self.config = options.name or search.key(path), config
        self.symbols: list[tuple[int, str]] = []  # the kernel's symbols: values and names

    def run(self, data: bytes, words: Sequence[str], origin: ksymtab.Origin) -> int:
        """Load the module in ``data`` with the parameters ``words``; the exit status."""
        try:
            self.link(data, words, origin)
            self.hand_over(origin)
        except Exit as leave:
            return leave.status
        except ModutilsError as error:
            self.report.error(str(error))
            return 1
        if self.report.warnings and not self.options.noload:
            self.report.say(f"Module {self.name} loaded, with warnings")
        return 0

    # Everything that needs no address

    def link(self, data: bytes, words: Sequence[str], origin: ksymtab.Origin) -> None:
        """Link up to the size of the image; raises ModutilsError or Exit."""
        module, report, options = self._read(data), self.report, self.options
        this = module.create_first(".this", module.machine.abi.long, size_of(module.machine.abi))
        module.symbols.add(ObjSymbol("__this_module", STT_OBJECT, this.index, 0, this.size))
        module.point_to_string(this, 2 * module.machine.abi.long, self.name)
        self.slots.create(relocations(module))
        self.externals.check_undefineds(report, quiet=options.quiet)
        allocate.allocate_commons(module)
        persistent = parameters.check(module, report)
        taint.check_tainted_module(self.kernel, module, options, report)
        if not parameters.process(module, words, report):
            raise Exit(1)
        for symbol in map(module.symbols.find, SPECIAL):
            if symbol:
                symbol.info = STB_LOCAL << 4 | symbol.type
        if persistent:
            self._restore(origin)
        if options.ksymoops:
            ksymtab.add_ksymoops(module, self.name, origin, export=options.export)
        ksymtab.complete(module, self.externals.used, export=options.export)
        self._generate()
        if report.errors:
            raise Exit(1)
        if options.probe:
            raise Exit(0)

    def _read(self, data: bytes) -> ObjFile:
        """Read the module and the symbols of the kernel and other modules."""
        self.report.about = self.path
        self.module = module = load.load(data, self.path, self._clash)
        self.kernel.settle(module.machine, self.path)
        self.report.about = "insmod"
        self.symbols = calls.symbols(self.kernel)
        others = calls.modules(self.kernel)
        prefix = self.options.prefix
        if prefix is None:
            prefix = checksums.checksum_prefix([name for _, name in self.symbols], self.kernel.version)
        self.report.detail(f"Symbol version prefix '{prefix}'")
        if not self.options.noload and self.name in (each.name for each in others):
            raise Refused(self.name, f"a module named {self.name} already exists", EEXIST)
        self.report.about = self.path
        by_name = {name: value for value, name in self.symbols}
        self.slots = (module.machine.slots or Slots)(module, by_name)
        self._check_version(checksums.of_kernel(by_name), prefix)
        self.externals = ExternalSymbols(module, self.slots)
        self.externals.add_kernel_symbols(others, self.symbols)
        return module

    def _clash(self, name: str) -> None:
        self.report.error(f"{name} multiply defined")

    def _check_version(self, expects: int, prefix: str) -> None:
        """Refuse a module for another kernel; compare names without checksums if one side has none."""
        wanted, release = modinfo.kernel_version(self.module), self.kernel.release
        if wanted is None or modinfo.version_number(wanted) < 0:
            text = "couldn't find the kernel version the module was compiled for"
            raise ModutilsError(self.path, text)
        length = modinfo.VERSION_LENGTH
        has = checksums.of_module(self.module)
        if not (has and expects) and wanted[:length] != release[:length]:
            text = (
                f"kernel-module version mismatch\n\t{self.path} was compiled for kernel version {wanted}\n"
                f"\twhile this kernel is version {release}"
            )
            if not self.options.force:
                if self.options.quiet:
                    raise Exit(1)
                raise ModutilsError(self.path, f"{text}.")
            self.report.warn(f"Warning: {text}")
        if has != expects:
            self.module.symbols.compare_by(checksums.Checksummed(prefix))

    def _restore(self, origin: ksymtab.Origin) -> None:
        """Apply the file of persistent parameters, if -e names one."""
        if self.options.persist is None or self.config is None:
            self.report.detail("No persistent filename available")
            return
        origin.persist = persist.persist_file(self.path, self.options, self.config, self.report)
        words = persist.words(origin.persist, self.report) if origin.persist else None
        if words and not parameters.process(self.module, words, self.report, required=False):
            raise Exit(1)

    def _generate(self) -> None:
        """Generate __archdata, and __kallsyms if the kernel has it or with -S; repeated with addresses."""
        made = self.module.find(ARCHDATA) or self.module.create(ARCHDATA, 16)
        made.fill(self.slots.archdata())
        if not self.options.kallsyms and not kallsyms.in_kernel(self.symbols):
            return
        made = self.module.find(kallsyms.NAME) or self.module.create(kallsyms.NAME, 0)
        made.align = kallsyms.ALIGN
        made.fill(kallsyms.kallsyms(self.module))

    # With an address

    def hand_over(self, origin: ksymtab.Origin) -> None:
        """Allocate memory, link at its address, and pass the image; raises ModutilsError or Exit."""
        module, options, report = self.module, self.options, self.report
        size = module.place()
        module.move(NOWHERE if options.noload else self._create(size))
        if origin.persist and not options.noload:
            self._warn_of_old_kernel()
        self.slots.settle()
        relocate(module, self.slots, report.error)
        module.apply_patches()
        if report.errors:
            raise self._failed()
        self._generate()
        header.fill(module, self.slots, size, len(self.externals.used), autoclean=options.autoclean)
        image = bytes(module.image(size))
        if options.load_map:
            for line in load_map.lines(module):
                report.say(line)
        if options.blob:
            self._write_blob(image)
        if not options.noload:
            self._init(image)

    def _create(self, size: int) -> int:
        try:
            return self.kernel.create_module(self.name, size)
        except Refused as refused:
            if refused.errno == EEXIST:  # by a concurrent insmod
                raise Exit(0) from None
            text = f"create_module: {os.strerror(refused.errno)}"
            if refused.errno == ENOMEM:
                text = f"can't allocate kernel memory for module; needed {size} bytes"
            raise Refused(self.name, text, refused.errno) from None

    def _warn_of_old_kernel(self) -> None:
        if not calls.gives_data(self.kernel, self.name):
            before = self.report.errors
            self.report.error(TOO_OLD)
            self.report.errors = before

    def _write_blob(self, image: bytes) -> None:
        try:
            with open(self.options.blob, "wb") as file:
                file.write(image)
        except OSError as error:
            self.report.error(f"open {self.options.blob} failed {os.strerror(error.errno or 0)}")
            raise self._failed() from None

    def _init(self, image: bytes) -> None:
        try:
            self.kernel.init_module(self.name, image)
        except Refused as refused:
            self.report.error(f"init_module: {os.strerror(refused.errno)}")
            self.report.say(HINT)
            raise self._failed() from None

    def _failed(self) -> Exit:
        """Delete the module, if it was created."""
        if not self.options.noload:
            self.kernel.delete_module(self.name)
        return Exit(1)
