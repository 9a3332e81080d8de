"""Reads the options of a run that ms-swift leaves in its checkpoints."""

from pathlib import Path

from got_train.foreign_files import read_json, text_of
from got_train.run_folders import ADAPTER_FILE

OPTIONS_FILES = {"args.json": "model", "sft_args.json": "model_id_or_path"}
"""Files with the options of a run (of swift 3 and 4, and of swift 2), and the option that names the model."""


def swift_model(checkpoint: Path) -> str | None:
    """The model that ms-swift trained, from the options in its checkpoint; None for any other folder."""
    for file, option in OPTIONS_FILES.items():
        if (checkpoint / file).is_file():
            return text_of(checkpoint / file, read_json(checkpoint / file), option)
    return None


def base_of_adapters(folder: Path) -> str | None:
    """The base model that adapters of another program name: a folder that exists, or a hub id; None if none.

    ms-swift names the copy in its cache, which does not exist on another computer.
    """
    file = folder / ADAPTER_FILE
    named = text_of(file, read_json(file), "base_model_name_or_path")
    return named if named is not None and Path(named).is_dir() else swift_model(folder) or named
