"""Loads bitsandbytes only for runs that need it: those with 4-bit weights, or with one of its optimizers.

peft imports it wherever it is installed, which takes two seconds at every start, and gives a warning on some
CPUs.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "bitsandbytes"


def hide_bitsandbytes() -> None:
    """Makes the package look absent in this process, unless it is loaded already.

    In Python, a module whose entry in `sys.modules` is None cannot be imported:
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    sys.modules.setdefault(NAME, None)  # type: ignore[arg-type]


@contextmanager
def bitsandbytes_hidden() -> Iterator[None]:
    """Hides the package for a while in a process that is not ours alone."""
    was_hidden = sys.modules.get(NAME, NAME) is None
    hide_bitsandbytes()
    try:
        yield
    finally:
        if not was_hidden:
            show_bitsandbytes()


def show_bitsandbytes() -> None:
    """Makes the package importable again; if it is not installed, it stays absent."""
    if sys.modules.get(NAME, NAME) is not None:
        return
    del sys.modules[NAME]
    from peft import import_utils

    # peft caches whether the package is installed.
    import_utils.is_bnb_available.cache_clear()
    import_utils.is_bnb_4bit_available.cache_clear()
