"""kmod's own test suite, the newest in Debian, with our tools instead of kmod's.

Its cases run a tool in a root of their own, which kmod's tools see through preloaded libraries, ours by
--sysroot. Cases that fake the results of init_module and delete_module need such a library, and are omitted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.oracles import kbuild
from tests.oracles.debian import Unavailable, cache, locked, source, unpacked

TOOLS: Final = ("depmod", "insmod", "lsmod", "modinfo", "modprobe", "rmmod")
SUITES: Final = ("depmod", "modinfo", "modprobe")
LIBRARIES: Final = ("path.so", "uname.so", "init_module.so", "delete_module.so")
ANSWERS: Final = ("TESTSUITE_INIT_MODULE_RETCODES", "TESTSUITE_DELETE_MODULE_RETCODES")
WITHOUT: Final = ("manpages=false", *(f"{name}=disabled" for name in ("zstd", "xz", "zlib", "openssl")))
FEATURES: Final = '#define KMOD_FEATURES "+ZSTD +XZ +ZLIB"\n'  # so that modules of the roots are compressed
CHANGED: Final = {
    "testsuite.c": ("USEC 2 *", "USEC 120 *"),  # a machine may be busy
    "test-modinfo.c": ("#if ENABLE_OPENSSL", "#if 1"),  # what is to be read from a PKCS#7 signature
}
PASSED, LEFT_OUT = "passed", "needs a preloaded library"
STUB: Final = """
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char *words[256] = { PYTHON, "-m", "tests.oracles.kmod_suite" };
	int at;
	unsetenv("LD_PRELOAD");
	setenv("PYTHONPATH", REPOSITORY, 1);
	for (at = 0; at < argc && at < 250; at++)
		words[at + 3] = argv[at];
	execv(PYTHON, words);
	return 127;
}
"""
REPOSITORY: Final = Path(__file__).parents[2]


def built() -> Path:
    """The folder with the suite's programs and roots, built once; raises Unavailable."""
    folder = cache() / "kmod-suite"
    with locked("kmod-suite"):
        if not (folder / "ready").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _build(source("kmod"), folder)
        _place_tools(folder)
    return folder


def _build(packaged: Path, folder: Path) -> None:
    if not shutil.which("gcc"):
        raise Unavailable("kmod's test suite cannot be built without gcc")
    sources = shutil.copytree(packaged, folder / "sources", symlinks=True)
    for name, (old, new) in CHANGED.items():
        text = (sources / "testsuite" / name).read_text()
        if old not in text:
            raise Unavailable(f"{name} of kmod's test suite has no {old!r}")
        (sources / "testsuite" / name).write_text(text.replace(old, new))
    meson, ninja = unpacked("meson"), unpacked("ninja-build") / "usr/bin"
    _run(
        [sys.executable, str(meson / "usr/bin/meson"), "setup", str(folder / "build")]
        + [f"-D{option}" for option in ("build-tests=true", *WITHOUT)],
        sources,
        PYTHONPATH=f"{meson}/usr/lib/python3/dist-packages",
        PATH=f"{ninja}:{os.environ['PATH']}",
    )
    programs = [f"testsuite/test-{name}" for name in SUITES] + [f"testsuite/{name}" for name in LIBRARIES]
    _run([str(ninja / "ninja"), "-j2", "kmod", *programs], folder / "build")
    playground = sources / "testsuite/module-playground"
    modules = kbuild.modules(sorted(playground.glob("mod-*.[ch]")), "cloud")
    shutil.copytree(playground, folder / "playground")
    for module in modules.glob("*.ko"):
        shutil.copy(module, folder / "playground")
    (folder / "features.h").write_text(FEATURES)
    roots = [str(folder / "build/testsuite/rootfs"), str(folder / "playground"), str(folder / "features.h")]
    script = [str(sources / "scripts/setup-rootfs.sh"), str(sources / "testsuite/rootfs-pristine")]
    _run(["bash", *script, *roots, "/etc", "/lib/modules"], folder / "build")
    (folder / "ready").touch()


def _place_tools(folder: Path) -> None:
    """Install our tools in place of kmod's, as programs because scripts would preload the libraries."""
    stub = folder / "stub"
    (folder / "stub.c").write_text(STUB)
    paths = [f'-DPYTHON="{sys.executable}"', f'-DREPOSITORY="{REPOSITORY}"']
    _run(["gcc", *paths, "-o", str(stub), str(folder / "stub.c")], folder)
    for tool in TOOLS:
        (folder / "build" / tool).unlink(missing_ok=True)
        os.link(stub, folder / "build" / tool)


def _run(words: list[str], folder: Path, **environment: str) -> None:
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(
            f"kmod's test suite cannot be built: {words[0]}: {(done.stdout + done.stderr)[-300:]}"
        )


def cases(folder: Path, suite: str) -> list[str]:
    """The names of the cases of one of SUITES."""
    done = subprocess.run(
        [folder / f"build/testsuite/test-{suite}", "-l"], capture_output=True, text=True, check=True
    )
    return re.findall(r"^\t(\w+),", done.stdout + done.stderr, re.MULTILINE)


def outcome(folder: Path, suite: str, case: str) -> str:
    """The outcome of ``case``: PASSED, LEFT_OUT, or the suite's failure message."""
    mark = folder / f"{case}.needs"
    mark.unlink(missing_ok=True)
    environment = {**os.environ, "SUITE_MARK": str(mark)}
    words = [str(folder / f"build/testsuite/test-{suite}"), case]
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    if mark.exists():
        return LEFT_OUT
    said = done.stdout + done.stderr
    return said if done.returncode else PASSED


def main(words: list[str]) -> int:
    """Run one of our tools as requested by the suite."""
    if any(name in os.environ for name in ANSWERS):
        Path(os.environ["SUITE_MARK"]).touch()
        return 1
    tool, *rest = words
    root = os.environ.get("TESTSUITE_ROOTFS", "").rstrip("/")
    release = os.environ.get("TESTSUITE_UNAME_R")
    if release:
        place = Path(root, "proc/sys/kernel/osrelease")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{release}\n")
    given = [f"{root}{word}" if word.startswith("/") else word for word in rest]
    sysroot = ["--sysroot", root] if root else []
    command = [sys.executable, "-m", "pymodutils", os.path.basename(tool), *sysroot, *given]
    done = subprocess.run(command, capture_output=True, check=False)
    for stream, data in ((sys.stdout, done.stdout), (sys.stderr, done.stderr)):
        stream.buffer.write(data.replace(root.encode(), b"") if root else data)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
