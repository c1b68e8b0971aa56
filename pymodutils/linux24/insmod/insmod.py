"""insmod on a 2.4 kernel: ask for symbols, link, ask for an address, link for it, hand the image over."""

from __future__ import annotations

import os
import re
from errno import EEXIST, ENOMEM
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress
from pymodutils.elf.constants import STB_GLOBAL, STB_LOCAL, STT_OBJECT
from pymodutils.errors import ModutilsError, Refused
from pymodutils.linux24.conf import search
from pymodutils.linux24.conf.config import ModulesConf, read
from pymodutils.linux24.insmod import calls, checksums, header, ksymtab, load_map, parameters
from pymodutils.linux24.machine.model import ARCHDATA
from pymodutils.linux24.machine.slots import Slots
from pymodutils.linux24.obj import allocate, kallsyms, load, modinfo
from pymodutils.linux24.obj.relocate import relocate, relocations
from pymodutils.linux24.obj.symbols import KERNEL, ObjSymbol
from pymodutils.linux24.struct_module import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.linux24.insmod.calls import Calls, Known
    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.obj.file import ObjFile

GPLONLY: Final = "GPLONLY_"
SPECIAL: Final = ("cleanup_module", "init_module", "kernel_version")  # never exported
NOWHERE: Final = 0x1234_0000  # the address of a module that is not loaded
TAINTED: Final = "/proc/sys/kernel/tainted"
PROPRIETARY, FORCED = 1, 2  # its bits
TAINT_URL: Final = "http://www.tux.org/lkml/#export-tainted"
NAME: Final = re.compile(r"(.+)(\.o\.gz|\.o|\.mod)")
HINT: Final = (
    "Hint: insmod errors can be caused by incorrect module parameters, "
    "including invalid IO or IRQ parameters.\n"
    "      You may find more information in syslog or the output from dmesg"
)
NO_LICENCE: Final = "\nHint: You are trying to load a module without a GPL compatible license\n"
MAYBE_GPLONLY: Final = (
    "      and it has unresolved symbols.  The module may be trying to access\n"
    "      GPLONLY symbols but the problem is more likely to be a coding or\n"
    "      user error.  Contact the module supplier for assistance, only they\n"
    "      can help you.\n"
)
ASK_SUPPLIER: Final = (
    "      and it has unresolved symbols.  Contact the module supplier for\n"
    "      assistance, only they can help you.\n"
)


class InsmodOptions(NamedTuple):
    """The options of insmod."""

    force: bool = False
    autoclean: bool = False
    load_map: bool = False
    noload: bool = False
    probe: bool = False
    quiet: bool = False
    kallsyms: bool = False
    export: bool = True
    ksymoops: bool = True
    name: str = ""
    prefix: str | None = None
    blob: str = ""
    persist: str = ""


class _Stop(Exception):
    """Nothing more is to be done; ``status`` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def insmod(
    kernel: Calls, path: str, words: Sequence[str], options: InsmodOptions, report: RunMessages
) -> int:
    """Load the module in the file ``path`` with the parameters ``words``; the exit status.

    Without "/" and "." it is a name, for which the paths of modules.conf are searched.
    """
    try:
        if "/" in path or "." in path:
            report.detail(f"Using {path}")
        else:
            path = searched(kernel, path)
            report.say(f"Using {path}")
        data = compress.decompress(compress.read(path), path)
    except ModutilsError as error:
        report.error(str(error))
        return 1
    return Loading(kernel, path, options, report).run(data, words, ksymtab.Origin(path))


def searched(kernel: Calls, name: str) -> str:
    """The file of the module ``name`` in the paths of modules.conf; raises ModutilsError if there is none."""
    config = ModulesConf(kernel.release)
    read(config)
    for pattern in (name, f"{name}.o", f"{name}.o.gz"):
        found = search.files(config, pattern)
        if found:
            return found[0]
    raise ModutilsError(name, f"{name}: no module by that name found")


def module_name(path: str) -> str:
    """The name of the module in the file ``path``."""
    name = os.path.basename(path)
    found = NAME.fullmatch(name)
    return found[1] if found else name


class Loading:
    """The module in the file ``path`` on its way into the kernel."""

    module: ObjFile
    slots: Slots

    def __init__(self, kernel: Calls, path: str, options: InsmodOptions, report: RunMessages) -> None:
        self.kernel, self.path, self.options, self.report = kernel, path, options, report
        self.name = options.name or module_name(path)
        self.used: list[Known] = []
        self.gplonly_seen = False

    def run(self, data: bytes, words: Sequence[str], origin: ksymtab.Origin) -> int:
        """Load the module in ``data`` with the parameters ``words``; the exit status."""
        try:
            self.link(data, words, origin)
            self.hand_over()
        except _Stop as stop:
            return stop.status
        except ModutilsError as error:
            self.report.error(str(error))
            return 1
        if self.report.warnings and not self.options.noload:
            self.report.say(f"Module {self.name} loaded, with warnings")
        return 0

    # Everything that needs no address

    def link(self, data: bytes, words: Sequence[str], origin: ksymtab.Origin) -> None:
        """Everything up to the size of the image; raises ModutilsError, or _Stop."""
        module, report, options = self._read(data), self.report, self.options
        this = module.create_first(".this", module.machine.abi.long, size_of(module.machine.abi))
        module.symbols.add(ObjSymbol("__this_module", STT_OBJECT, this.index, 0, this.size))
        module.point_to_string(this, 2 * module.machine.abi.long, self.name)
        self.slots.create(relocations(module))
        self._check_unresolved()
        allocate.allocate_commons(module)
        persistent = parameters.check(module, report)
        self._check_taint()
        if not parameters.process(module, words, report):
            raise _Stop(1)
        for symbol in map(module.symbols.find, SPECIAL):
            if symbol:
                symbol.info = STB_LOCAL << 4 | symbol.type
        if persistent:
            origin.persist = self._persist()
        if options.ksymoops:
            ksymtab.add_ksymoops(module, self.name, origin, export=options.export)
        ksymtab.complete(module, self.used, export=options.export)
        self._generate()
        if report.errors:
            raise _Stop(1)
        if options.probe:
            raise _Stop(0)

    def _read(self, data: bytes) -> ObjFile:
        """The module with the symbols that the kernel and other modules have."""
        self.report.about = self.path
        self.module = module = load.load(data, self.path, self._clash)
        self.kernel.settle(module.machine, self.path)
        self.report.about = "insmod"
        symbols = calls.symbols(self.kernel)
        others = calls.modules(self.kernel)
        self.by_name = {name: value for value, name in symbols}
        prefix = self.options.prefix
        if prefix is None:
            prefix = checksums.checksum_prefix([name for _, name in symbols], self.kernel.version)
        self.report.detail(f"Symbol version prefix '{prefix}'")
        if not self.options.noload and self.name in (each.name for each in others):
            raise Refused(self.name, f"a module named {self.name} already exists", EEXIST)
        self.report.about = self.path
        self.slots = (module.machine.slots or Slots)(module, self.by_name)
        self._check_version(prefix)
        for at, other in enumerate(others):
            if self._add_symbols(KERNEL + 1 + at, other.symbols):
                self.used.append(other)
        self._add_symbols(KERNEL, symbols)
        return module

    def _clash(self, name: str) -> None:
        self.report.error(f"{name} multiply defined")

    def _check_version(self, prefix: str) -> None:
        """Refuse a module for another kernel; compare names without checksums if one side has none."""
        wanted, release = modinfo.kernel_version(self.module), self.kernel.release
        if wanted is None or modinfo.version_number(wanted) < 0:
            text = "couldn't find the kernel version the module was compiled for"
            raise ModutilsError(self.path, text)
        length = modinfo.VERSION_LENGTH
        has, expects = self._has_checksums(), self.by_name.get("Using_Versions", 0)
        if not (has and expects) and wanted[:length] != release[:length]:
            text = (
                f"kernel-module version mismatch\n\t{self.path} was compiled for kernel version {wanted}\n"
                f"\twhile this kernel is version {release}"
            )
            if not self.options.force:
                if self.options.quiet:
                    raise _Stop(1)
                raise ModutilsError(self.path, f"{text}.")
            self.report.warn(f"Warning: {text}")
        if has != expects:
            self.module.symbols.compare_by(checksums.Checksummed(prefix))

    def _has_checksums(self) -> int:
        if modinfo.value(self.module, "kernel_version") is None:
            return int(self.module.symbols.find("Using_Versions") is not None)
        found = re.match(r"\s*\d+", modinfo.value(self.module, "using_checksums") or "")
        return int(found[0]) if found else 0

    def _add_symbols(self, section: int, symbols: Iterable[tuple[int, str]]) -> bool:
        """Define what the module needs by ``symbols``; whether it needs any."""
        used, gpl = False, modinfo.is_gpl(self.module)
        for value, exported in symbols:
            name = exported
            if name.startswith(GPLONLY):
                self.gplonly_seen = True
                if not gpl:
                    continue
                name = name.removeprefix(GPLONLY)
            found = self.slots.needed(name)
            if found and found.binding != STB_LOCAL:
                new = self.module.symbols.add(ObjSymbol(name, STB_GLOBAL << 4, section, value, 0))
                used = used or new.section == section
        return used

    def _check_unresolved(self) -> None:
        names = allocate.unresolved(self.module)
        if not names:
            return
        if not self.options.quiet:
            for name in names:
                self.report.error(f"unresolved symbol {name}")
            if not modinfo.is_gpl(self.module):
                self.report.error(NO_LICENCE + (MAYBE_GPLONLY if self.gplonly_seen else ASK_SUPPLIER))
        raise _Stop(1)

    def _check_taint(self) -> None:
        """Taint the kernel for the module's licence, and for -f."""
        licence = modinfo.licence(self.module)
        reasons = []
        if licence is None:
            reasons.append((PROPRIETARY, "no license"))
        elif not modinfo.is_gpl(self.module):
            reasons.append((PROPRIETARY, f"non-GPL license - {licence}"))
        if self.options.force:
            reasons.append((FORCED, "forced load"))
        for at, (bit, why) in enumerate(reasons):
            self.report.warn(f"Warning: loading {self.path} will taint the kernel: {why}")
            if not at:
                self.report.say(f"  See {TAINT_URL} for information about tainted modules")
            if not self.options.noload:
                now = int(self.kernel.read(TAINTED) or b"0")
                self.kernel.write(TAINTED, b"%d\n" % (now | bit))

    def _persist(self) -> str:
        """The file of persistent parameters that -e names, whose lines are applied; "" without one."""
        path = self.options.persist
        if path and not path.startswith("/"):
            self.report.error(f"Persistent filenames must be absolute, ignoring '{path}'")
            path = ""
        if path and not self.options.ksymoops:
            self.report.error("has persistent data but ksymoops symbols are not available")
            path = ""
        self.report.detail(f"Persist filename '{path}'" if path else "No persistent filename available")
        if path and os.path.exists(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                lines = [line.strip() for line in file]
            words = [line for line in lines if line and not line.startswith("#")]
            if not parameters.process(self.module, words, self.report, required=False):
                raise _Stop(1)
        return path

    def _generate(self) -> None:
        """__archdata, and __kallsyms if the kernel has it or -S asks for it; once more with addresses."""
        made = self.module.find(ARCHDATA) or self.module.create(ARCHDATA, 16)
        made.fill(self.slots.archdata())
        start, end = (self.by_name.get(f"__{edge}_{kallsyms.NAME}", 0) for edge in ("start", "stop"))
        if start >= end and not self.options.kallsyms:
            return
        made = self.module.find(kallsyms.NAME) or self.module.create(kallsyms.NAME, 0)
        made.align = kallsyms.ALIGN
        made.fill(kallsyms.kallsyms(self.module))

    # With an address

    def hand_over(self) -> None:
        """Have the kernel make room, link for that, and give it the image; raises ModutilsError, or _Stop."""
        module, options, report = self.module, self.options, self.report
        size = module.place()
        module.move(NOWHERE if options.noload else self._create(size))
        self.slots.settle()
        relocate(module, self.slots, report.error)
        module.apply_patches()
        if report.errors:
            raise self._failed()
        self._generate()
        header.fill(module, self.slots, size, len(self.used), autoclean=options.autoclean)
        image = bytes(module.image(size))
        if options.load_map:
            for line in load_map.lines(module):
                report.say(line)
        if options.blob:
            with open(options.blob, "wb") as file:
                file.write(image)
        if not options.noload:
            self._init(image)

    def _create(self, size: int) -> int:
        try:
            return self.kernel.create_module(self.name, size)
        except Refused as refused:
            if refused.errno == EEXIST:  # by another insmod at the same time
                raise _Stop(0) from None
            text = f"create_module: {os.strerror(refused.errno)}"
            if refused.errno == ENOMEM:
                text = f"can't allocate kernel memory for module; needed {size} bytes"
            raise Refused(self.name, text, refused.errno) from None

    def _init(self, image: bytes) -> None:
        try:
            self.kernel.init_module(self.name, image)
        except Refused as refused:
            self.report.error(f"init_module: {os.strerror(refused.errno)}")
            self.report.say(HINT)
            raise self._failed() from None

    def _failed(self) -> _Stop:
        """Take the module back, if it has been created."""
        if not self.options.noload:
            self.kernel.delete_module(self.name)
        return _Stop(1)
