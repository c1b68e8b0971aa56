"""Judge out-of-tree modules: whether there is a build, whether it loads, whether its key is enrolled."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.depends.module_info import opened
from pymodutils.elf import contents
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.preflight.judge import Judged
from pymodutils.preflight.system import ABSENT, MODULE
from pymodutils.profile.out_of_tree import FOLDERS, sources
from pymodutils.signature import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.checks.verdict import Verdict
    from pymodutils.kernel.emulated.load.causes import Cause
    from pymodutils.preflight.needs import Need
    from pymodutils.preflight.system import System
    from pymodutils.profile.profile import Profile
    from pymodutils.root import Root
    from pymodutils.signature.fields import Signature

ERROR = Severity.ERROR
ENFORCE: Final = "module.sig_enforce=1"
HOW: Final = "sign it with an enrolled key, or enrol its key: mokutil --import CERT"
SIGNATURES: Final = {
    CauseKind.UNSIGNED: "it is not signed, and this machine enforces signatures",
    CauseKind.UNKNOWN_KEY: "it is signed by {signer}, whose key is not enrolled on this machine",
    CauseKind.CRYPTO: "the kernel cannot verify its signature ({found}); this machine enforces signatures",
    CauseKind.SIGNATURE: "its signature is invalid: {found}",
}


class OutOfTreeJudge:
    """Judges the out-of-tree modules of ``profile`` under ``new``."""

    def __init__(self, profile: Profile, old: System | None, new: System, root: Root) -> None:
        self.profile, self.old, self.new = profile, old, new
        self.packages = sources(root)

    def old_build(self, name: str) -> str:
        """The file built for the old kernel, to be tried on the new one as with weak-modules."""
        return self.old.path(name) if self.old is not None and self.new.state(name) == ABSENT else ""

    def judge(self, need: Need, tried: Mapping[str, Verdict]) -> Judged:
        """The verdict on ``need``; ``tried`` are the verdicts on builds for the old kernel."""
        if self.new.state(need.name) == ABSENT:
            return Judged(need, (), (self._unbuilt(need, tried.get(need.name)),))
        if self.new.state(need.name) != MODULE:
            return Judged(need, (), ())
        own = self.new.place(need.name).partition("/")[0] in FOLDERS
        return Judged(need, (need.name,), tuple(self._signature(need.name)) if own else ())

    def _unbuilt(self, need: Need, tried: Verdict | None) -> Finding:
        label, name = self.new.label, need.name
        text = f"there is no build of {name} for {label}"
        if tried is not None and tried.loads:
            text += f"; the one for {self.old.label if self.old else 'the old kernel'} fits as it is"
            advice = (
                f"link it below {self.new.tree}/weak-updates (weak-modules --add-kernel), then run depmod"
            )
            return Finding(Rule.NO_BUILD, ERROR, name, text, advice)
        if tried is not None:
            text += f", and the old one does not load there ({tried.refusal})"
        types = tuple(each for it in tried.findings for each in it.types) if tried else ()
        return Finding(Rule.NO_BUILD, ERROR, name, text, self._how(need), types=types)

    def _how(self, need: Need) -> str:
        known = next((it.dkms for it in self.profile.out_of_tree if it.name == need.name and it.dkms), "")
        package = known or next((f"{one}/{two}" for one, two in self.packages if one == need.name), "")
        if package:
            return f"build it: dkms install {package} -k {self.new.release}"
        return f"install or build it for {self.new.release} before the reboot"

    def _signature(self, name: str) -> list[Finding]:
        """The finding on a signature that the new kernel refuses, if the machine enforces signatures."""
        path = self.new.path(name)
        cause = self._refused(path) if self.profile.policy.enforced else None
        if cause is None:
            return []
        found = _fields(path)
        if cause.kind is CauseKind.UNKNOWN_KEY and found and self._is_enrolled(found.key):
            return []
        signer = found.signer if found else ""
        text = SIGNATURES[cause.kind].format(found=cause.found, signer=signer)
        return [Finding(Rule(cause.kind.value), ERROR, signer or name, text, HOW)]

    def _refused(self, path: str) -> Cause | None:
        """Why the emulated kernel refuses the signature of the file ``path``; None if it does not."""
        try:
            data = contents.read(path)
            with self._enforcing.trial():
                causes = self._enforcing.causes_against(data)
        except ModutilsError:
            return None
        return next((it for it in causes if it.kind in SIGNATURES and not it.passes), None)

    @cached_property
    def _enforcing(self) -> EmulatedKernel:
        kernel = EmulatedKernel.boot(self.new.target.kernel, cmdline=ENFORCE)
        kernel.keeps_memory = False
        return kernel

    def _is_enrolled(self, key: bytes) -> bool:
        """Whether the certificate with this serial number or subject key is enrolled on the machine."""
        keys = (bytes.fromhex(it) for it in self.profile.policy.keys if len(it) % 2 == 0)
        return key.lstrip(b"\0") in {it.lstrip(b"\0") for it in keys}


def _fields(path: str) -> Signature | None:
    try:
        with opened(path) as elf:
            return fields.find(elf)
    except ModutilsError:
        return None
