"""Entry point of the programs, and of ``python -m pymodutils COMMAND``."""

import os
import sys

try:  # _signal is built in: the module signal takes time to import, in which SIGINT would be a traceback
    import _signal  # type: ignore[import-not-found]

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # cli hears it
except KeyboardInterrupt:
    import _signal

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.kill(os.getpid(), _signal.SIGINT)


def main() -> None:
    """Run the tool selected by sys.argv; as root, only with modules of the installation."""
    if not os.geteuid() and not sys.flags.safe_path:
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        home = os.path.dirname(
            os.path.dirname(os.path.abspath(__file__))
        )  # anyone who can write there could run code as root
        foreign = {os.path.abspath(path) for path in given if path} | {sys.path[0]}
        foreign.discard(home)
        sys.path[:] = [path for path in sys.path if path not in foreign]
    from pymodutils.cli import main as run  # noqa: PLC0415 -- after the search path is set

    run()


if __name__ == "__main__":
    main()
