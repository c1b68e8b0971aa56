"""Small valid inputs of every kind, made without a compiler or a download."""

from __future__ import annotations

import base64
import gzip
import io
import lzma
import tarfile
from typing import Final

from pymodutils.arch import of
from pymodutils.arch.model import Arch
from pymodutils.depends.trie import build as trie
from pymodutils.kernel import saved
from pymodutils.profile import document
from pymodutils.profile.profile import Device, Profile
from tests.elf import made
from tests.kernel.emulated import messages
from tests.kernel.emulated.modules import WRITE, description, module
from tests.kernel.emulated.test_hostile import rich
from tests.kernelimage import build as image
from tests.link.objects import Part, Rel, Sym, make
from tests.linux24 import objects
from tests.profile import test_recording
from tests.signature.certificates_made import ISSUER, SERIAL, certificate

MACHINES: Final = (
    (62, 64, "little"),
    (183, 64, "little"),
    (40, 32, "little"),
    (22, 64, "big"),
    (21, 64, "little"),
)
CONFIG: Final = b"""# comment
alias char-major-10-200 tun
alias pci:v00008086d*sv*sd*bc*sc*i* e1000
options dummy numdummies=2 name="a b"
softdep ext4 pre: crc7 post: loop
install foo /bin/true $CMDLINE_OPTS
remove foo /bin/true
blacklist bar
weakdep a b
"""
DEPMOD: Final = (
    b"search updates extra built-in\noverride dummy * extra\nexternal * /nosuch\nmake_map_files no\n"
)
BASELINE: Final = (
    b"# known failures\nmade.ko\t6.1.0-made\tENOENT\tunknown-symbol\n"
    b"other.ko\t6.1.0-made\tENOEXEC\tvermagic\n"
)
MODULES_CONF: Final = b"""# comment
depfile=modules.dep.24
path[misc]=.
alias net-pf-10 user
options user x=1 name="a b"
pre-install user /bin/true
post-remove user /bin/true
above user base
if -f /proc/version
define KIND plain
else
alias $KIND off
endif
prune modules.generic_string
"""
BASE: Final = 0x80100000
RSA: Final = "1.2.840.113549.1.1.1"


def modules() -> dict[str, bytes]:
    """Modules of six architectures, compressed and signed ones."""
    plain = module()
    found = {"made.ko": plain, "rich.ko": rich(), "made.ko.xz": lzma.compress(plain, check=lzma.CHECK_CRC32)}
    found["made.ko.gz"] = gzip.compress(plain, mtime=0)
    found["signed.ko"] = plain + made.trailer(2, b"", b"", made.sequence(bytes(60)), length=-1)
    for machine, bits, order in (*MACHINES, (8, 32, "big")):
        found[f"m{machine}.ko"] = _foreign(of(machine, bits, order))
    return found


def _foreign(arch: Arch) -> bytes:
    parts = [
        Part(".text", bytes(64)),
        Part(".modinfo", b"license=GPL\0vermagic=6.1.0-made SMP \0", 2),
        Part(".gnu.linkonce.this_module", bytes(24) + b"made".ljust(1000, b"\0"), WRITE, align=64),
    ]
    rows = [Rel(8 * at, number, 1 + at % 2) for at, number in enumerate(sorted(arch.relocs)[:8])]
    return make(arch, parts, [Sym("near", 0, 1), Sym("_printk")], {1: rows})


def modules24() -> dict[str, bytes]:
    """Modules of a 2.4 kernel for i386."""
    return {"base.o": objects.module(exports=["call"]), "user.o": objects.module(imports=["call"])}


def profiles() -> dict[str, bytes]:
    """Profiles, recorded and captured by other programs."""
    found = Profile(
        arch="x86_64",
        release="6.1.0-made",
        devices=(Device("pci:v00008086d00003E9B", "made", "pci", "made"),),
    )
    captures = {"udev.txt": test_recording.UDEV, "aliases.txt": test_recording.TABLE}
    texts = {"profile.json": document.dumps(found), **captures}
    texts["modules.txt"] = "made 4096 1 rich, Live 0x0 (OE)\nrich 8192 0 - Live 0x0\n"
    return {name: text.encode() for name, text in texts.items()}


def kernels() -> dict[str, bytes]:
    """A description, and images plain and packed."""
    exports = image.rows()
    wide, narrow = image.Shape(), image.Shape(32)
    return {
        "kernel.json": saved.dumps(description()).encode(),
        "plain.img": image.raw(wide, exports, BASE),
        "zboot.img": image.zboot(image.packed(image.raw(wide, exports, BASE))),
        "zimage.img": image.zimage(image.packed(image.raw(narrow, exports, BASE))),
        "s390.img": image.s390(image.packed(image.raw(image.Shape(order="big"), exports, BASE))),
        "arm64.img": image.arm64(image.raw(image.Shape(relative=True), exports, 0)),
    }


def signatures() -> dict[str, bytes]:
    """A signed module, and its certificate as files to trust."""
    bits = made.sequence(made.value(2, b"\0" + b"\xc1" * 256), made.value(2, b"\1\0\1"))
    key = made.sequence(messages.algorithm(RSA), made.value(3, b"\0" + bits))
    owner = certificate(key)
    signer = messages.signer(made.sequence(ISSUER, SERIAL), bytes(256))
    signed = module() + messages.appended(messages.message(signer, certificates=made.value(0xA0, owner)))
    text = base64.encodebytes(owner)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    return {"signed.ko": signed, "owner.der": owner, "owner.pem": pem}


def packages() -> dict[str, bytes]:
    """Archives that contain a module."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in (("./lib/modules/6.1.0-made/made.ko", module()), ("./lib/é", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    tarred = buffer.getvalue()
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _empty()),
        ("data.tar.xz", lzma.compress(tarred)),
    )
    deb = b"!<arch>\n" + b"".join(_member(*one) for one in members)
    return {"made.tar": tarred, "made.deb": deb, "made.rpm": _rpm()}


def _rpm() -> bytes:
    """A lead, two empty headers, and a packed cpio archive."""
    header = b"\x8e\xad\xe8\1" + bytes(12)
    cpio = _newc("./lib/modules/6.1.0-made/made.ko", module()) + _newc("TRAILER!!!", b"")
    return b"\xed\xab\xee\xdb" + bytes(92) + 2 * header + gzip.compress(cpio, mtime=0)


def _newc(name: str, data: bytes) -> bytes:
    numbers = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def _empty() -> bytes:
    return gzip.compress(bytes(10240), mtime=0)


def _member(name: str, data: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def indexes() -> dict[str, bytes]:
    """Index files and text files of a module directory."""
    rows = {
        "dep": [("made", "kernel/made.ko: kernel/rich.ko"), ("rich", "kernel/rich.ko:")],
        "alias": [("pci:v*d[0-3]*", "made"), ("fs-made", "made")],
        "symbols": [("symbol:made_one", "rich")],
        "builtin": [("unix", "")],
        "builtin.alias": [("net_pf_1", "unix")],
    }
    found = {
        f"modules.{name}.bin": trie(
            (key.encode(), value.encode(), at) for at, (key, value) in enumerate(pairs)
        )
        for name, pairs in rows.items()
    }
    return found | {
        "modules.dep": b"kernel/made.ko: kernel/rich.ko\nkernel/rich.ko:\n",
        "modules.softdep": b"softdep made pre: rich\n",
        "modules.devname": b"tun net/tun c10:200\n",
        "modules.builtin": b"kernel/net/unix/unix.ko\n",
        "modules.builtin.modinfo": b"unix.license=GPL\0unix.alias=net-pf-1\0",
        "modules.order": b"kernel/rich.ko\nkernel/made.ko\n",
    }
