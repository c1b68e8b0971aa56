"""The door to unicorn, an optional extra; without it, importing this raises ModutilsError."""

from __future__ import annotations

from typing import Final

from pymodutils.errors import ModutilsError

try:
    import unicorn
    from unicorn import unicorn_const as uc
    from unicorn.unicorn_py3 import unicorn as binding
except ImportError:
    raise ModutilsError("unicorn", "no machine without unicorn: pip install 'pymodutils[machine]'") from None

__all__ = ["binding", "uc", "unicorn"]

VERSIONS: Final = ("2.1.4",)  # tested: they boot kernels to identical memory


def check() -> None:
    """Raise ModutilsError for a version of unicorn that is not one of VERSIONS."""
    if unicorn.__version__ not in VERSIONS:
        raise ModutilsError(
            "unicorn", f"unicorn {unicorn.__version__} is not supported: install unicorn=={VERSIONS[-1]}"
        )
