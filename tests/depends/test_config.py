"""Single lines of modprobe.d and of the kernel command line, as kmod 30 and 34 read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymodutils.depends import cmdline, config_files
from pymodutils.depends.config import Blacklist, Config, Options, Softdep, SourceLine, Weakdep
from pymodutils.root import Root

HERE = SourceLine("f")


def silent(_: str) -> None:
    """Ignore arguments."""


def read(tmp_path: Path, text: str, release: int = 34) -> tuple[Config, list[str]]:
    path, said, config = tmp_path / "x.conf", list[str](), Config()
    path.write_bytes(os.fsencode(text))
    config.read(str(path), said.append, release)
    return config, [line.replace(str(path), "FILE") for line in said]


@pytest.mark.parametrize(
    ("line", "starts"),
    [
        ("  # indented", "#"),
        ("alias", "alias"),
        ("alias x", "alias"),
        ("alias bad[ x", "alias"),
        ("alias x y]", "alias"),
        ("options dummy", "options"),
        ("options dummy ", "options"),
        ("install a", "install"),
        ("blacklist  ", "blacklist"),
        ("blacklist a[", "blacklist"),
        ("softdep r", "softdep"),
        ("weakdep v", "weakdep"),
        ("foo bar", "foo"),
        ("alias a\0b c", "alias"),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, starts: str) -> None:
    config, said = read(tmp_path, f"\n{line}\n")
    assert said == [f"kmod_config_parse: FILE line 2: ignoring bad line starting with '{starts}'"]
    assert not any(getattr(config, kind) for kind in Config.__slots__)


@pytest.mark.parametrize("word", ["include", "config"])
def test_dropped_words(tmp_path: Path, word: str) -> None:
    _, said = read(tmp_path, f"{word} x\n")
    assert said == [f"kmod_config_parse: FILE: command {word} is deprecated and not parsed anymore"]


@pytest.mark.parametrize("line", ["", " \t ", "# x", "#", "\\\n", "\\#x", "#a \\\nalias"])
def test_lines_that_say_nothing(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, f"{line}\n")[1] == []


def test_joined_lines_are_counted_to_their_end(tmp_path: Path) -> None:
    config, said = read(tmp_path, "x\\\ny\\\nz q\nalias a\\\n b\\c\\\\\nbad")
    assert said == [
        "kmod_config_parse: FILE line 3: ignoring bad line starting with 'xyz'",
        "kmod_config_parse: FILE line 6: ignoring bad line starting with 'bad'",
    ]
    (alias,) = config.aliases
    assert (alias.pattern, alias.module, alias.place.line) == ("a", "bc\\", 5)


def test_names_are_normalised_outside_of_brackets(tmp_path: Path) -> None:
    config, _ = read(tmp_path, "alias a-[b-c] x-y\nsoftdep p-q pre: r-s\nblacklist t-u\noptions v-w x-y\n")
    assert config.aliases[0][:2] == ("a_[b-c]", "x_y")
    assert config.softdeps[0][:2] == ("p_q", ("r-s",))
    assert config.blacklists[0].module == "t_u"
    assert config.options[0][:2] == ("v_w", "x-y")


@pytest.mark.parametrize(
    ("text", "pre", "post"),
    [
        ("pre: a b post: c", ("a", "b"), ("c",)),
        ("pre: a b post: c pre: d", ("a", "b", "c", "d"), ("c",)),
        ("post: b1 pre: a1 post: b2 pre: a2", ("a1", "b2", "a2"), ("b1", "a1", "b2")),
        ("x pre: a", ("a",), ()),
        (" pre: a post: b", (), ("b",)),
        ("  pre: a", ("a",), ()),
        ("pre:a post:b", (), ()),
        ("pre: ", (), ()),
    ],
)
def test_soft_dependencies(tmp_path: Path, text: str, pre: tuple[str, ...], post: tuple[str, ...]) -> None:
    config, _ = read(tmp_path, f"softdep m {text}\n")
    assert config.softdeps == [Softdep("m", pre, post, config.softdeps[0].place)]


def test_every_space_parts_the_names_of_a_list(tmp_path: Path) -> None:
    """DOS line endings work, as in kmod."""
    config, _ = read(
        tmp_path, "softdep m pre: a b\r\nsoftdep n pre:\va\fb \r post:\tc\r\nweakdep m a\r b\r\n"
    )
    assert [(line.pre, line.post) for line in config.softdeps] == [(("a", "b"), ()), (("a", "b"), ("c",))]
    assert config.weakdeps[0].names == ("a", "b")


def test_weak_dependencies_came_with_33(tmp_path: Path) -> None:
    config, said = read(tmp_path, "weakdep m a  b\tc\nweakdep m  d\n")
    assert [line.names for line in config.weakdeps] == [("a", "b", "c"), (" d",)]
    assert isinstance(config.weakdeps[0], Weakdep)
    assert not said
    config, said = read(tmp_path, "weakdep m a\n", release=32)
    assert not config.weakdeps
    assert said


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a.b=c d.e quiet", [("a", "b=c"), ("d", "e")]),
        ("a-b.c-d=e-f", [("a_b", "c-d=e-f")]),
        ("x.y.z=1 ..=c a..b=c", []),
        ("q.=3 .w=1 q.", [("q", "=3"), ("", "w=1"), ("q", "")]),
        ('"a.b=c d" e.f', [("a", 'b="c d"'), ("e", "f")]),
        ('a.b="c d" "a.b=c"x', [("a", 'b="c d"'), ("a", 'b="c"x')]),
        ('"a.b"=c a".b=c d" "y.z"', []),
        ('"a.b=c d', []),
        ('x.y "a.b', [("x", "y")]),
        ("a.b=c\td.e=f\ng.h\vi.j", [("a", "b=c"), ("d", "e=f"), ("g", "h"), ("i", "j")]),
        ("foo=a.b", []),
        ("modprobe.blacklist", [("modprobe", "blacklist")]),
        ("k-a[1-2].v-x=4 b.q[1]=3", [("k_a[1-2]", "v-x=4"), ("b", "q[1]=3")]),
        ("a.[b=3 a.b]=4", [("a", "[b=3"), ("a", "b]=4")]),
    ],
)
def test_kernel_command_line(text: str, options: list[tuple[str, str]]) -> None:
    config = Config()
    said: list[str] = []
    cmdline.add(config, text, HERE, said.append)
    assert config.options == [Options(*option, HERE) for option in options]
    assert not config.blacklists
    assert not said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ivrs_acpihid[14:00.5]=AMD0020:00", "ivrs_acpihid[14:00"),
        ("q-r]s-t.u=1", "q_r]s-t"),
        ("]a.b=1", "]a"),
        ("a-b[c-d.e=1", "a_b[c-d"),
        ("a-[b-c]d-e[f-g.h", "a_[b-c]d_e[f-g"),
        ('"k[1.v=4 5"', "k[1"),
        ("mod[probe.blacklist=x", "mod[probe"),
    ],
)
def test_an_unmatched_bracket_voids_a_word_of_the_kernel_command_line(text: str, name: str) -> None:
    config = Config()
    said: list[str] = []
    cmdline.add(config, f"{text} z.z", HERE, said.append)
    assert config.options == [Options("z", "z", HERE)]
    assert not config.blacklists
    words = "Ignoring bad option on kernel command line while parsing module name"
    assert said == [f"kcmdline_parse_result: {words}: '{name}'"]


def test_kernel_command_line_blacklists() -> None:
    config = Config()
    cmdline.add(config, 'modprobe.blacklist=a,b-c,,d "modprobe.blacklist=q w,e"', HERE, lambda _: None)
    assert config.blacklists == [Blacklist(name, HERE) for name in ("a", "b-c", "", "d", '"q w', 'e"')]


def test_only_the_start_of_a_long_kernel_command_line_counts(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_bytes(b"x" * 4089 + b" a.b=cdef g.h=i")
    config = Config()
    cmdline.read(config, Root(str(tmp_path)), lambda _: None)
    assert [line.text for line in config.options] == ["b=c"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, module in {
        "etc/modprobe.d/b.conf": "etc",
        "run/modprobe.d/b.conf": "hidden",
        "run/modprobe.d/a.conf": "run",
        "usr/lib/modprobe.d/A.conf": "usr",
        "usr/local/lib/modprobe.d/10.conf": "local",
        "lib/modprobe.d/9.conf": "lib",
        "etc/modprobe.d/.hidden.conf": "hidden",
        "etc/modprobe.d/x.alias": "old",
        "etc/modprobe.d/readme": "hidden",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"blacklist {module}\n")
    return tmp_path


def names(root: Path, *paths: str, release: int = 34) -> list[str]:
    config = config_files.load(Root(str(root)), "/nonexistent", paths, silent, release)
    return [line.module for line in config.blacklists]


def test_files_are_sorted_by_name_and_the_first_directory_wins(root: Path) -> None:
    assert names(root) == ["local", "lib", "usr", "run", "etc"]
    assert names(root, release=30) == ["local", "lib", "run", "etc", "old"]


def test_paths_replace_the_default_directories(root: Path) -> None:
    assert names(root, f"{root}/run/modprobe.d", f"{root}/etc/modprobe.d") == ["run", "hidden"]
    assert names(root, f"{root}/etc/modprobe.d/readme") == ["hidden"]
    assert names(root, "/nonexistent") == []


def test_the_module_directory_stands_in_line(root: Path) -> None:
    modules = root / "modules"
    modules.mkdir()
    (modules / "modules.softdep").write_text("softdep m pre: own\n")
    for name, first in (("a.conf", "user"), ("z.conf", "own")):
        conf = root / name
        conf.write_text("softdep m pre: user\n")
        config = config_files.load(Root(str(root)), str(modules), [str(conf)], silent)
        assert config.softdeps[0].pre == (first,)


def test_what_is_no_file_is_reported(root: Path) -> None:
    (root / "etc/modprobe.d/dir.conf").mkdir()
    (root / "etc/modprobe.d/gone.conf").symlink_to("/nonexistent")
    said: list[str] = []
    config_files.load(Root(str(root)), "/nonexistent", (), said.append)
    folder = f"{root}/etc/modprobe.d"
    assert sorted(said) == [
        f"conf_files_filter_out: Cannot stat directory entry: {folder}/gone.conf",
        f"conf_files_filter_out: Directories inside directories are not supported: {folder}/dir.conf",
    ]
