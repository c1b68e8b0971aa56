"""Options that these commands share."""

from __future__ import annotations

from typing import Final

from pymodutils.commands import generation_options
from pymodutils.dyn.kernel import Kernel25

NUMBER: Final = "2.5-dyn"
generation = generation_options.generation(NUMBER)
kernel = generation_options.kernel(Kernel25.open, NUMBER)  # the command gets a Kernel25
