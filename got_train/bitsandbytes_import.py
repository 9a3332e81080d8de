"""bitsandbytes is loaded by what needs it alone: weights of 4 bits, and its optimizers.

peft imports it wherever it is installed: two seconds at every start, and on some CPUs a warning.
"""

import sys

NAME = "bitsandbytes"


def hide_bitsandbytes() -> None:
    """Makes the package look absent in this process, unless it is loaded already.

    None among the loaded modules is the import system's own way to say so:
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    sys.modules.setdefault(NAME, None)  # type: ignore[arg-type]


def show_bitsandbytes() -> None:
    """Lets the package be imported again; where it is not installed it stays absent."""
    if sys.modules.get(NAME, NAME) is not None:
        return
    del sys.modules[NAME]
    from peft import import_utils

    # peft remembers what it found.
    import_utils.is_bnb_available.cache_clear()
    import_utils.is_bnb_4bit_available.cache_clear()
