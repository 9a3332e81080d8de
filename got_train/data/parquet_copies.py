"""Arrow copies of Parquet files, which `arrow` maps into memory.

A few hundred kilobytes of Parquet may hold gigabytes, and its reader takes what it is told to take: a process
with limits makes the copy. What `datasets` or pandas say of the columns beside Arrow's own types is not read.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow
from filelock import FileLock, Timeout
from huggingface_hub.constants import HF_HOME
from pyarrow import parquet

from got_train.files import atomic_file, refusal
from got_train.processes import KeptProcess, LimitError
from got_train.report import UserError, counted, one_line

MAX_COLUMNS = 1000
"""Most columns, with those inside of others; each takes memory for each part of the file."""

MAX_COPY_BYTES, MAX_TIMES = 1 << 30, 50
"""Largest copy of a small file, and how many times as large as its file that of a large one may be: a text
that stands in many rows is written once in Parquet."""

BATCH_BYTES, BATCH_ROWS = 1 << 24, 8192
"""About as many bytes, and at most so many rows, are copied at a time."""

_MEMORY, _MEMORY_TIMES = 1 << 30, 3
"""Bytes for a copy, and for each byte of the file: a group of rows is read as a whole."""

_SECONDS, _BYTES_PER_SECOND = 30, 5_000_000
"""Processor time for a copy, and what of the file adds a second to it; usual ones take a twentieth."""

_LOCK_SECONDS = 6 * 3600
"""Longest wait for another process that copies the same file."""

_COPIER = KeptProcess()


def arrow_copy(path: Path) -> Path:
    """The Arrow copy of a Parquet file, made anew unless the cache has that of the file as it is now.

    Raises:
        UserError: if the file is not a whole Parquet file, or unpacks to more than its size lets expect.
    """
    status = path.stat()
    state = f"{path.absolute()} {status.st_size} {status.st_mtime_ns}".encode(errors="surrogateescape")
    folder = Path(os.environ.get("HF_DATASETS_CACHE") or Path(HF_HOME) / "datasets").expanduser()
    copy = folder / "got-train" / f"{hashlib.blake2b(state, digest_size=16).hexdigest()}.arrow"
    if copy.is_file():
        return copy
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        # the processes of a launch all begin with this: one of them makes the copy
        with FileLock(f"{copy}.lock", timeout=_LOCK_SECONDS):
            if not copy.is_file():
                _make(path, copy, status.st_size)
    except Timeout:
        raise UserError(f"data file {path} is being copied by another process, which does not end") from None
    except OSError as error:
        if refusal(error) is None:
            raise
        raise UserError(f"{copy.parent} cannot be written: {error.strerror}") from None
    return copy


def _make(path: Path, copy: Path, size: int) -> None:
    from got_train.progress import progress  # tqdm looks at TQDM_DISABLE where it is imported first

    most = max(MAX_COPY_BYTES, MAX_TIMES * size)
    memory, seconds = _MEMORY + _MEMORY_TIMES * size, _SECONDS + size // _BYTES_PER_SECOND
    bar = progress(f"copying {path}", 0, "row", delay=2)

    def take(rows: tuple[int, int]) -> None:
        bar.total = rows[1]
        bar.update(rows[0])

    try:
        _COPIER.run(copy_parquet, path, copy, most, take=take, max_memory=memory, seconds=seconds)
    except UserError:
        raise
    except LimitError as error:
        raise UserError(f"data file {path} {error}") from None
    except Exception as error:  # pyarrow raises errors of many kinds for what is damaged: OSError, KeyError
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"data file {path} is not a whole Parquet file: {one_line(error, lines=1)}") from None
    finally:
        bar.close()


def copy_parquet(path: Path, copy: Path, most_bytes: int) -> Iterator[tuple[int, int]]:
    """Copies a file in batches; the number of rows in each, and of all rows.

    Raises:
        UserError: if it has too many columns, two of one name, or more than `most_bytes`.
        Exception: whatever pyarrow raises.
    """
    pyarrow.set_io_thread_count(1)  # each takes address space
    with parquet.ParquetFile(path, buffer_size=BATCH_BYTES) as file:
        facts = file.metadata
        if facts.num_columns > MAX_COLUMNS:
            number = counted(facts.num_columns, "column")
            raise UserError(
                f"data file {path} has {number}, at most {MAX_COLUMNS:,} are read: leave some out"
            )
        names = file.schema_arrow.names
        if twice := {name for name in names if names.count(name) > 1}:
            raise UserError(
                f"data file {path} has the column {min(twice)} twice: rename or remove one of them"
            )
        groups = [facts.row_group(number).total_byte_size for number in range(facts.num_row_groups)]
        row_bytes = max(1, sum(groups) // max(1, facts.num_rows))
        batches = file.iter_batches(max(1, min(BATCH_ROWS, BATCH_BYTES // row_bytes)), use_threads=False)
        plain = _without_dictionaries(file.schema_arrow)
        with (
            atomic_file(copy, durable=False) as part,
            pyarrow.OSFile(str(part), "wb") as sink,
            pyarrow.ipc.new_stream(sink, plain) as stream,
        ):
            for batch in batches:
                stream.write_batch(batch if batch.schema == plain else batch.cast(plain))
                if sink.tell() > most_bytes:
                    raise UserError(
                        f"data file {path} unpacks to more than {most_bytes:,} bytes: texts that stand in "
                        "many rows belong into data.query or the system message; or cut it into several files"
                    )
                yield len(batch), facts.num_rows


def _without_dictionaries(schema: pyarrow.Schema) -> pyarrow.Schema:
    """The columns with their own values in place of numbers of them, such as pandas' categories."""
    return pyarrow.schema(
        [
            field.with_type(field.type.value_type) if pyarrow.types.is_dictionary(field.type) else field
            for field in schema
        ]
    )
