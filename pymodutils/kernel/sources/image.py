"""Describe a kernel from its image, and from the configuration next to it."""

from __future__ import annotations

import os
from typing import Final

from pymodutils.elf import compress
from pymodutils.errors import NotFound
from pymodutils.kernel.combine import combine
from pymodutils.kernel.description import Description
from pymodutils.kernel.sources import config
from pymodutils.kernel.sources.limits import Budget
from pymodutils.kernelimage import kernel

CONFIG_LIMIT: Final = 8 << 20  # bytes


def describe(data: bytes, source: str) -> Description:
    """The description from the image ``data``; raises BadKernel."""
    image = kernel.read(data, source, Budget(source, len(data)).read)
    evidence = image.evidence
    told = Description(
        release=evidence.release,
        version=evidence.version,
        banner=evidence.banner,
        vermagic=evidence.vermagic,
        machine=image.machine or None,
        bits=image.bits,
        order=image.order,
        page_size=image.page_size or config.page_size({}, image.machine),
        exports=image.exports,
        complete=True,
        switches={"MODULES": True, **evidence.switches, **image.switches},
        module_size=image.module_size,
        percpu=image.percpu,
        generation=evidence.generation,
        sources=(f"{source} ({image.container})",),
        remarks=image.remarks,
        keys=image.keys,
        btf=image.btf,
        kallsyms=image.kallsyms,
        builtins=image.builtins,
    )
    if evidence.config is None:
        return told
    return combine([told, config.describe(evidence.config, "the configuration in it", evidence.release)])


def beside(path: str, release: str | None) -> Description | None:
    """Describe the configuration of ``release`` in the folder of the image ``path``, if there is one.

    It is named config-RELEASE, or config in a folder named RELEASE, as below usr/lib/modules.
    """
    folder = os.path.dirname(os.path.abspath(path))
    place = os.path.join(folder, f"config-{release}")
    if not os.path.exists(place) and os.path.basename(folder) == release:
        place = os.path.join(folder, "config")
    try:
        with compress.regular(place) as file:
            text = file.read(CONFIG_LIMIT).decode("utf-8", "surrogateescape")
    except NotFound as error:
        return Description(conflicts=(str(error),)) if os.path.lexists(place) else None
    return config.describe(text, place, release)
