"""Cases for every set of tools on the same kernel; each starts with no module loaded.

A step is a command line, run by kmod 30, kmod 34 and ours in turn. ``nobody`` before it drops root.
Lines that start with ``:`` are the guest's own: ``:conf LINE``, ``:hold SECONDS`` (an overlay is
mounted meanwhile), ``:wait`` (for the holder's end). ``BUILTIN`` is a built-in module with a directory
in /sys/module, ``PLAIN`` one without.
"""

from typing import NamedTuple

ALL = ("kmod30", "kmod34", "ours")
NEW = ("kmod34", "ours")  # what kmod 30 does not have
EXTRA = ("ours",)  # what no kmod has: the test knows what is right


class Case(NamedTuple):
    """Steps whose results must be the same for all ``tools``."""

    name: str
    steps: tuple[str, ...]
    tools: tuple[str, ...] = ALL
    log: bool = False  # whether the kernel must have logged the same, too
    last: bool = False  # whether only the last line on stderr counts: a library's words are before it


CASES = [
    Case(
        "load, list, remove",
        (
            "lsmod",
            "insmod /mod/fat.ko",
            "insmod /mod/vfat.ko",
            "lsmod",
            "rmmod vfat",
            "lsmod",
            "rmmod fat",
            "lsmod",
        ),
    ),
    Case("relative path", ("insmod fat.ko", "rmmod ./fat.ko", "insmod ./../mod/fat.ko", "rmmod fat")),
    Case("twice", ("insmod /mod/fat.ko", "insmod /mod/fat.ko")),
    Case("unknown symbol", ("insmod /mod/vfat.ko",), log=True),
    Case(
        "no such file",
        (
            "insmod /mod/nosuch.ko",
            "insmod nosuch",
            "insmod /mod/fat.ko/",
            "insmod /mod/dangling.ko",
            "insmod ''",
        ),
    ),
    Case("not a file", ("insmod /mod", "insmod /mod/", "insmod /dev/null")),
    *(
        Case(f"wrong format: {name}", (f"insmod /mod/{name}.ko",), log=True)
        for name in ("text", "empty", "five", "six", "cut", "half", "machine")
    ),
    Case(
        "damaged compression",
        ("insmod /mod/cut.ko.xz", "insmod /mod/cut.ko.zst", "insmod /mod/bad.ko.zst"),
        NEW,
        last=True,
    ),
    Case("blank in a value", ("insmod /mod/dummy.ko 'a=b c'", "rmmod dummy"), NEW, log=True),
    Case("parameter", ("insmod /mod/dummy.ko numdummies=3", ":nets", "rmmod dummy", ":nets")),
    Case(
        "bad parameter",
        ("insmod /mod/dummy.ko numdummies=abc", "insmod /mod/dummy.ko numdummies=99999999999"),
        log=True,
    ),
    Case("unknown parameter", ("insmod /mod/dummy.ko nosuch=1 other", "rmmod dummy"), log=True),
    Case("quoted parameter", ("insmod /mod/dummy.ko 'a=\"b c\"' 'd e' f", "rmmod dummy"), log=True),
    Case("option after operand", ("insmod /mod/fat.ko -f", "rmmod fat -s")),
    Case("dashes end options", ("insmod -- /mod/dummy.ko -x", "rmmod -- dummy"), log=True),
    Case(
        "held by a module",
        ("insmod /mod/fat.ko", "insmod /mod/vfat.ko", "insmod /mod/msdos.ko", "lsmod", "rmmod fat"),
    ),
    Case(
        "held by a mount",
        ("insmod /mod/overlay.ko", ":hold 3600", "lsmod", "rmmod overlay", ":wait", "rmmod overlay"),
    ),
    Case(
        "not loaded",
        ("rmmod fat", "rmmod no-such", "rmmod a.b", "rmmod /mod/fat.ko", "rmmod /mod/nosuch.ko"),
    ),
    Case("built-in", ("rmmod BUILTIN", "rmmod PLAIN", "rmmod -v BUILTIN")),
    Case(
        "several names", ("insmod /mod/fat.ko", "insmod /mod/vfat.ko", "rmmod vfat nosuch fat fat", "lsmod")
    ),
    Case("dashes in names", (":modload dm-mod", "rmmod dm-mod", ":modload dm-mod", "rmmod dm_mod")),
    Case("other version magic", ("insmod /mod/magic.ko",), log=True),
    Case(
        "forced load", ("insmod -f /mod/magic.ko", "lsmod", "rmmod fat", "insmod -f /mod/fat.ko", "rmmod fat")
    ),
    Case("forced long option", ("insmod --force /mod/magic.ko", "rmmod --force fat"), NEW),
    Case(
        "compressed",
        tuple(f"{word} /mod/fat.ko.{kind}" for kind in ("xz", "zst") for word in ("insmod", "rmmod")),
    ),
    Case(
        "compressed and forced",
        tuple(f"{w} /mod/magic.ko.{k}" for k in ("xz", "zst") for w in ("insmod", "insmod -f")),
    ),
    Case(
        "forced removal of one held", ("insmod /mod/fat.ko", "insmod /mod/vfat.ko", "rmmod -f fat", "lsmod")
    ),
    Case("forced removal of none", ("rmmod -f nosuch", "rmmod -f BUILTIN", "rmmod -f a-b c-d")),
    Case(
        "nobody loads",
        ("nobody insmod /mod/fat.ko", "nobody insmod -f /mod/fat.ko", "nobody insmod /mod/secret.ko"),
    ),
    Case(
        "nobody removes",
        ("insmod /mod/fat.ko", "nobody lsmod", "nobody rmmod fat nosuch", "nobody rmmod -f fat"),
    ),
    Case("no operand", ("insmod", "rmmod", "insmod -", "insmod -f")),
    Case("bad option", ("insmod -Z", "insmod --nosuch", "rmmod -Z", "rmmod --forced fat")),
    Case("new bad option", ("insmod --sys=1 x", "rmmod -w fat", "lsmod -Z", "lsmod x", "lsmod -v x"), NEW),
    Case("verbose", ("insmod -vv /mod/fat.ko", "lsmod -vv", "rmmod -vv fat"), NEW),
    Case("syslog", ("rmmod -s nosuch", "rmmod -sv nosuch a")),
    Case("new syslog", ("insmod -s /mod/vfat.ko", "insmod -s /mod/nosuch.ko", "lsmod -s x"), NEW),
]
MODPROBE = [
    Case("modprobe: with dependencies", ("modprobe vfat", "lsmod", "modprobe -r vfat", "lsmod")),
    Case("modprobe: device mapper", ("modprobe dm-mirror", "lsmod", "modprobe -r dm_mirror", "lsmod")),
    Case(
        "modprobe: shared dependency",
        ("modprobe -a vfat msdos", "modprobe -r vfat", "lsmod", "modprobe -r msdos"),
    ),
    Case("modprobe: verbose", ("modprobe -v vfat", "modprobe -rv vfat", "modprobe -v BUILTIN")),
    Case("modprobe: parameter", ("modprobe dummy numdummies=3", ":nets", "modprobe -r dummy", ":nets")),
    Case("modprobe: bad parameter", ("modprobe dummy numdummies=abc", "modprobe dummy nosuch=1"), log=True),
    Case(
        "modprobe: again",
        ("modprobe fat", "modprobe fat", "modprobe --first-time fat", "modprobe -a fat dummy"),
    ),
    Case(
        "modprobe: not there",
        ("modprobe nosuch", "modprobe -a nosuch fat", "modprobe -q nosuch"),
    ),
    Case("modprobe: no such path", ("modprobe /no.ko",), NEW),
    Case(
        "modprobe: remove what is not there",
        ("modprobe -r nosuch", "modprobe -r fat", "modprobe -r --first-time fat"),
    ),
    Case("modprobe: in use", ("modprobe vfat", "modprobe -r fat", "modprobe -r fat vfat", "lsmod")),
    Case("modprobe: in use by a mount", ("modprobe overlay", ":hold 3600", "modprobe -r overlay", ":wait")),
    Case("modprobe: waits", ("modprobe overlay", ":hold 1", "modprobe -r -w 20000 overlay", "lsmod")),
    Case(
        "modprobe: holders too",  # kmod up to 34 removes a module twice, and complains of that
        ("modprobe vfat", "modprobe -r --remove-holders fat", "lsmod"),
        tools=("ours",),
    ),
    Case(
        "modprobe: built-in",
        ("modprobe BUILTIN", "modprobe -r BUILTIN", "modprobe PLAIN", "modprobe --first-time PLAIN"),
    ),
    Case(
        "modprobe: nobody",
        ("nobody modprobe fat", "modprobe fat", "nobody modprobe -r fat", "nobody modprobe fat"),
    ),
    Case(
        "modprobe: options",
        (":conf options dummy numdummies=2", "modprobe dummy", ":nets", "modprobe -rv dummy"),
    ),
    Case(
        "modprobe: blacklist",
        (":conf blacklist fat", "modprobe fat", "modprobe -r fat", "modprobe -b fat", "lsmod"),
    ),
    Case(
        "modprobe: install",
        (":conf install fat /bin/true", "modprobe fat", "lsmod", "modprobe -i fat", "lsmod"),
    ),
    Case("modprobe: install fails", (":conf install fat /bin/false", "modprobe fat", "modprobe vfat")),
    Case(
        "modprobe: softdep",
        (":conf softdep fat pre: dummy post: dm-mod", "modprobe fat", "lsmod", "modprobe -r fat"),
    ),
    Case("modprobe: syslog", ("modprobe -s nosuch", "modprobe -sr nosuch")),
    Case("modprobe: dry run", ("modprobe -n vfat", "modprobe -D vfat", "modprobe -nv dummy a=b", "lsmod")),
]
WAITING = [
    Case("wait: not needed", ("insmod /mod/fat.ko", "rmmod --wait fat", "lsmod"), EXTRA),
    Case(
        "wait: holder lets go", ("insmod /mod/overlay.ko", ":hold 1", "rmmod --wait overlay", "lsmod"), EXTRA
    ),
    Case(
        "wait: too short",
        ("insmod /mod/overlay.ko", ":hold 3600", "rmmod --wait=0.3 overlay", "lsmod", ":wait"),
        EXTRA,
    ),
    Case(
        "wait: held by a module",
        ("insmod /mod/fat.ko", "insmod /mod/vfat.ko", "rmmod --wait=0.2 fat vfat", "lsmod"),
        EXTRA,
    ),
    Case(
        "wait: nonsense",
        ("rmmod --wait=x fat", "rmmod --wait=-1 fat", "rmmod --wait -f fat", "rmmod --wait nosuch"),
        EXTRA,
    ),
    Case(
        "wait: interrupted",
        ("insmod /mod/overlay.ko", ":hold 3600", ":interrupt rmmod --wait overlay", "lsmod", ":wait"),
        EXTRA,
    ),
    Case(
        "own options",
        ("insmod --force-vermagic /mod/magic.ko", "rmmod fat", "insmod --force-modversion /mod/magic.ko"),
        EXTRA,
    ),
    Case(
        "gzip",
        ("insmod /mod/fat.ko.gz", "rmmod fat", "insmod --force-vermagic /mod/magic.ko.gz", "lsmod"),
        EXTRA,
    ),
    Case("advice", ("insmod -v /mod/vfat.ko", "nobody insmod -v /mod/fat.ko", "nobody rmmod -vf fat"), EXTRA),
    Case("as JSON", ("insmod /mod/fat.ko", "insmod /mod/vfat.ko", "lsmod --format json"), EXTRA),
    Case(
        "a process of its own",
        (":process insmod /mod/fat.ko", ":process lsmod", ":process rmmod fat nosuch"),
        EXTRA,
    ),
]
EVERY = (*CASES, *MODPROBE, *WAITING)
