"""Files of packages, read without unpacking or installing them."""

import io
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from got_train.report import UserError, one_line


def read_members(file: Path, wanted: re.Pattern[str]) -> dict[str, bytes]:
    """The wanted files of a package, by name, in order of the names.

    Raises:
        UserError: the file is missing, damaged, or has none of them.
    """
    try:
        found = dict(sorted((name, content) for name, content in _members(file, wanted)))
    except (OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        raise UserError(f"{file} cannot be read as a package: {one_line(error)}") from error
    if not found:
        raise UserError(
            f"{file} has no file like {wanted.pattern}: take the version that docs/results.md names"
        )
    return found


def _members(file: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if wanted.search(name))
        return
    content = file.read_bytes()
    if file.suffix == ".deb":
        content = subprocess.run(["dpkg-deb", "--fsys-tarfile", file], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if member.isfile() and wanted.search(member.name) and (opened := archive.extractfile(member)):
                yield member.name, opened.read()
