"""``python -m pymodutils COMMAND``."""

from pymodutils.cli import main

main()
