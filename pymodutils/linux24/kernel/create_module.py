"""create_module: allocate memory for a module; kernel/module.c of 2.4."""

from __future__ import annotations

import os
from errno import EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOMEM
from typing import TYPE_CHECKING

from pymodutils.errors import Refused

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.state import StoredKernel

PAGE_SIZE = 4096
VMALLOC = 128 << 20  # bytes that vmalloc has on i386; VMALLOC_RESERVE


def refused(name: str, code: int) -> Refused:
    """The error of a system call for ``name``."""
    return Refused(name, f"{name}: {os.strerror(code)}", code)


def get_mod_name(name: str) -> bytes:
    """``name`` as copied by the kernel; raises Refused if it is empty or too long."""
    data = name.encode("utf-8", "surrogateescape")
    if not data:
        raise refused(name, EINVAL)
    if len(data) >= PAGE_SIZE:
        raise refused(name, ENAMETOOLONG)
    return data


def create_module(state: StoredKernel, name: str, size: int) -> int:
    """Allocate ``size`` bytes for the module ``name`` and return the address; raises Refused."""
    data = get_mod_name(name)
    if size < state.header_size + len(data) + 1:
        raise refused(name, EINVAL)
    if state.find(name):
        raise refused(name, EEXIST)
    if state.machine is None:
        raise refused(name, ENOENT)
    if size > VMALLOC:
        raise refused(name, ENOMEM)
    module = state.add(name, state.gap(size), size)
    module.header["size_of_struct"] = state.header_size
    module.header["name"] = module.base + state.header_size
    module.header["size"] = size
    module.memory[state.header_size : state.header_size + len(data)] = data
    following = state.modules[1] if len(state.modules) > 1 else None
    module.header["next"] = following.base if following else 0
    return module.base
