"""Options that the commands for 2.4 kernels share."""

from __future__ import annotations

from typing import Final

from pymodutils.commands import generation_options
from pymodutils.linux24.kernel.kernel import Linux24

NUMBER: Final = "2.4"
state_file = generation_options.state_file
generation = generation_options.generation(NUMBER)
kernel = generation_options.kernel(Linux24.open, NUMBER)  # the command gets a Linux24
