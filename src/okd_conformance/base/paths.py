"""Where the specs and the suites are: in a checkout beside ``src``, else inside the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def data_folder(name: str) -> Path:
    """Return the folder ``specs`` or ``suites``; FileNotFoundError when it is in neither place."""
    in_checkout = _CHECKOUT / name
    if (_CHECKOUT / "pyproject.toml").is_file() and in_checkout.is_dir():
        return in_checkout
    packaged = _PACKAGE / name
    if packaged.is_dir():
        return packaged
    raise FileNotFoundError(f"the folder {name!r} is missing from this installation")
