"""Images and maps, compared with recorded ones of modutils 2.4.16."""

from __future__ import annotations

import pytest

from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel import ksyms
from pymodutils.linux24.kernel.kernel import Linux24
from tests.linux24.vectors import ARCHES, MTIME, PARAMETERS, file

OPTIONS = {
    "": InsmodOptions(),
    "-x": InsmodOptions(export=False),
    "-k": InsmodOptions(autoclean=True),
    "-S": InsmodOptions(kallsyms=True),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("case", PARAMETERS)
@pytest.mark.parametrize("arch", ARCHES)
def test_image_and_map(arch: str, case: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{case}-{arch}"
    symbols, digits = ksyms.read(file(f"{arch}.ksyms").decode(), "ksyms")
    kernel = Linux24.boot(symbols, digits=digits)
    path = f"/v24/{name}.o"
    loading = Loading(kernel, path, OPTIONS[option]._replace(load_map=True), RunMessages("insmod"))
    assert loading.run(file(f"{name}.o"), PARAMETERS[case], Origin(path, MTIME)) == 0
    create, _, rest = file(f"{name}{option}.log").decode().partition("\n")
    shown, _, init = rest.rpartition("init_module(")
    assert capsys.readouterr().out == shown
    image = kernel.given(name)
    assert create == f"create_module({name}, {len(image)})"
    assert init.startswith(f"{name}, size {len(image)}, ")
    assert image == file(f"{name}{option}.img")
