"""A program that runs another one, such as TeX, which then can read and write no files but those named to it.

    python confined.py FOLDER READ ... -- PROGRAM ARGUMENT ...

FOLDER is read and written, each READ (a folder or file) is only read, and there is no network. The kernel
sees to it (Landlock, Linux 5.13 or later), for whatever the program starts as well. Elsewhere the program
just runs. It is a file of its own, and imports nothing of this package, so that it starts at once.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of system calls, the same on all processors."""
VERSION_ONLY, PATH_BENEATH, NO_NEW_PRIVILEGES = 1, 1, 38

EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_FOLDER
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14  # the last is truncating
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights over files each version of Landlock knows; later ones know 16."""
NETWORK_SINCE = 4
BIND_AND_CONNECT = 3


def confine(folder: str, read: Sequence[str]) -> bool:
    """Keeps this process from all files but these; False where the system cannot.

    Args:
        folder: may be written.
        read: files and folders that may be read; those that do not exist are left out.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    call = library.syscall
    version = call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_ONLY)
    if version < 1:
        return False
    handled = (1 << RIGHTS.get(version, 16)) - 1
    numbers = [handled, BIND_AND_CONNECT] if version >= NETWORK_SINCE else [handled]
    rules = struct.pack(f"{len(numbers)}Q", *numbers)
    ruleset = call(CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    named = [*((name, READ) for name in read), (folder, handled), ("/dev/null", READ | WRITE_FILE)]
    for path, rights in named:
        if not os.path.exists(path):
            continue
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights & handled & (-1 if os.path.isdir(path) else ON_FILES)
        call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, place), 0)
        os.close(place)
    library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(call(RESTRICT_SELF, ruleset, 0) == 0)


def main(words: Sequence[str]) -> None:
    """Becomes the program."""
    end = words.index("--")
    confine(words[0], words[1:end])
    os.execv(words[end + 1], list(words[end + 1 :]))


if __name__ == "__main__":
    main(sys.argv[1:])
