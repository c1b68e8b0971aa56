"""The programs, and ``python -m pymodutils COMMAND``."""

import os
import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # cli hears it; in an import it would be a traceback


def main() -> None:
    """Run the tool that sys.argv asks for; as root, only with modules of the installation."""
    if not os.geteuid() and not sys.flags.safe_path:
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # whoever can write there owns us
        foreign = {os.path.abspath(path) for path in given if path} | {sys.path[0]}
        foreign.discard(home)
        sys.path[:] = [path for path in sys.path if path not in foreign]
    from pymodutils.cli import main as run  # noqa: PLC0415 -- the search path comes first

    run()


if __name__ == "__main__":
    main()
