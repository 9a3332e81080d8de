"""Reads the options of a run that ms-swift leaves in its checkpoints."""

from pathlib import Path

from got_train.files import read_json

OPTIONS_FILES = {"args.json": "model", "sft_args.json": "model_id_or_path"}
"""Files with the options of a run (of swift 3 and 4, and of swift 2), and the option that names the model."""


def swift_model(checkpoint: Path) -> str | None:
    """The model that ms-swift trained, from the options in its checkpoint; None for any other folder."""
    for file, option in OPTIONS_FILES.items():
        if (checkpoint / file).is_file():
            name: str | None = read_json(checkpoint / file).get(option)
            return name
    return None
