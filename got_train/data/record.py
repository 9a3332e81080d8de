"""What a row says, whatever its form was; and the options of reading one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from got_train.data.images import FoundImage
from got_train.data.slots import Region

UNNAMED_KIND = "rows"
"""The kind of rows without a `kind`."""


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    query: str
    response: str
    supervised: bool = True
    """Whether the answer is trained on."""


@dataclass(frozen=True)
class Record:
    """One row."""

    turns: tuple[Turn, ...]
    images: tuple[FoundImage, ...]
    system: str | None
    crop: bool | None
    """Whether images are cut into tiles; None if the configuration decides."""
    kind: str
    """The kind of the row, for counts and losses by kind; `UNNAMED_KIND` if the row has none."""
    location: str
    """The place of the row, for messages: `file:line`, `shard.tar:key` or `file.parquet:row`."""
    no_text: bool = False
    """Whether the row says that its pictures have no text, so that the last answer is empty on purpose."""
    rejected: str | None = None
    """A worse last answer, if rows are read to be compared."""
    regions: tuple[Region, ...] = ()
    """Where which text stands in its picture, if rows are read with it."""


@dataclass(frozen=True)
class ReadOptions:
    """How the rows of a file are read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Keys of rows to rename, from their name to ours."""
    query: str | None = None
    """The query of rows that have none of `QUESTION_KEYS`."""
    image_root: str | None = None
    """Folder in which relative image paths are looked up, after the folder of the data file."""
    answered: bool = True
    """Whether the last query must have a response; inference needs none."""
    compared: bool = False
    """Whether each row must have a `rejected_response`, which is refused otherwise."""
    with_regions: bool = False
    """Whether `regions` are read, which are no error where they are not."""


READ_AS_IT_IS = ReadOptions()
