"""`swift infer` and `swift export`, the commands for trained models."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from got_train.data.sources import DatasetSpec
from got_train.report import UserError, counted
from got_train.run_folders import VAL_FILE, check_adapters, holds_adapters, merged_folder, resolve_checkpoint
from got_train.swift.checkpoint_options import EXPORT, INFER
from got_train.swift.command_line import CommandLine, image_root, read_command_line, remarks, system_text

MAX_NEW_TOKENS = {"2": 2048, "4": 4096}
"""Default limits by version. swift 4 has only the model's limit, but no page has a longer text than this."""


def infer(words: Sequence[str]) -> int:
    """Answers the validation rows of a run, or the rows of a data set.

    Raises:
        UserError: for an option that is not supported here, or if there are no rows to read.
    """
    line = read_command_line("infer", words, INFER)
    notes = remarks(line)
    if "NPROC_PER_NODE" in os.environ:
        notes.append("NPROC_PER_NODE changes nothing here: one process reads")
    notes += dtype_notes(line)
    checkpoint, base = model_of(line)
    merges = line.flag("merge_lora") or line.flag("merge_lora_and_save")
    if merges:
        check_adapters(checkpoint)
    data = rows_of(line, checkpoint)
    DatasetSpec.parse(data)  # a misspelt path should not wait for torch, and shows in a dry run
    result = result_file(line, checkpoint)
    if result.exists():
        raise UserError(f"{result} exists, and swift would append to it: remove it or name another file")
    max_new_tokens = limit(line, "max_new_tokens", MAX_NEW_TOKENS[line.version])
    batch_size = limit(line, "max_batch_size", 1)
    beams = limit(line, "num_beams", 1)
    for note in notes:
        print(f"swift: {note}")
    if line.dry_run:
        print(f"reads {data} with {merged_folder(checkpoint) if merges else checkpoint} into {result}")
        return 0
    if merges:
        checkpoint, base = merged(checkpoint, base), None
    # A mistake in the command line should not wait for torch.
    from got_train.inference.chat import Got
    from got_train.inference.predict import predict, read_questions

    got = Got.from_pretrained(checkpoint, image_root=image_root(), base=base, template="swift")
    system = system_text(line)
    if system is not None:
        got = replace(got, encoder=replace(got.encoder, config=replace(got.encoder.config, system=system)))
    records = read_questions(got, data)
    predict(got, records, result, max_new_tokens, batch_size, beams=beams)
    print(f"{counted(len(records), 'row')} written to {result}")
    return 0


def export(words: Sequence[str]) -> int:
    """Merges adapters into a plain model folder.

    Raises:
        UserError: for an option that is not supported here, or if merging is not asked for.
    """
    line = read_command_line("export", words, EXPORT)
    notes = remarks(line)
    if not (line.flag("merge_lora") or line.flag("merge_lora_and_save")):
        raise UserError("swift export only merges here: add --merge_lora true")
    checkpoint, base = model_of(line)
    check_adapters(checkpoint)
    named = line.word("output_dir")
    target = Path(named) if named else merged_folder(checkpoint)
    if target.exists():
        other = " or name another folder with --output_dir" if line.version == "4" else ""
        raise UserError(f"{target} exists: remove it{other}")
    for note in notes:
        print(f"swift: {note}")
    if line.dry_run:
        print(f"merges {checkpoint} into {target}")
        return 0
    from got_train.model.merge import merge, merge_message

    print(merge_message(*merge(checkpoint, str(target), base, template="swift")))
    return 0


def dtype_notes(line: CommandLine) -> list[str]:
    """What is to be said of a type of the weights: a GPU reads in bfloat16, a CPU in float32.

    Raises:
        UserError: for a type that is not used.
    """
    given = line.word("dtype", "torch_dtype")
    if given is None:
        return []
    said = f"--{'dtype' if line.version == '2' else 'torch_dtype'} {given}"
    if given not in ("AUTO", "bf16", "bfloat16"):
        from torch import cuda

        if given not in ("fp32", "float32") or cuda.is_available():
            raise UserError(f"{said} is not supported here: a GPU reads in bfloat16, a CPU in float32")
    return [f"{said} changes nothing here: a GPU reads in bfloat16, a CPU in float32"]


def model_of(line: CommandLine) -> tuple[str, str | None]:
    """The checkpoint or plain model that is named, and the base model of adapters if it is named.

    Raises:
        UserError: if no model is named, adapters are on the hub, or a base model is named for a whole model.
    """
    path, base = line.word("ckpt_dir", "adapters"), line.word("model", "model_id_or_path")
    if path is None and base is None:
        raise UserError(f"--{'ckpt_dir' if line.version == '2' else 'adapters'} must be given: a checkpoint")
    if path is None:
        return resolve_checkpoint(str(base)).rstrip("/"), None
    checkpoint = resolve_checkpoint(path).rstrip("/")
    if not Path(checkpoint).is_dir():
        raise UserError(f"{path} is no folder: fetch it with `hf download`, and name the folder")
    if base is not None and not holds_adapters(checkpoint):
        raise UserError(f"{checkpoint} is a whole model, and so is {base}: give one of them")
    return checkpoint, base


def merged(checkpoint: str, base: str | None) -> str:
    """The merged folder of a checkpoint; as in swift, it is made only if it does not exist."""
    folder = merged_folder(checkpoint)
    if folder.is_dir():
        print(f"{folder} exists already")
    else:
        from got_train.model.merge import merge, merge_message

        print(merge_message(*merge(checkpoint, None, base, template="swift")))
    return str(folder)


def limit(line: CommandLine, name: str, default: int) -> int:
    """The value of an option that must be a whole number of at least 1."""
    value = line.number(name, whole=True)
    if value is not None and value < 1:
        raise UserError(f"--{name} {value} must be at least 1")
    return default if value is None else int(value)


def rows_of(line: CommandLine, checkpoint: str) -> str:
    """The specification of the data set to read."""
    sets = line.words("val_dataset")
    option = "load_dataset_config" if line.version == "2" else "load_data_args"
    if not sets and not line.flag(option):
        raise UserError(
            f"swift infer does not ask for questions here: add --{option} true for the run's own validation "
            "rows, or --val_dataset; a single image is read by `got-train infer MODEL --image IMAGE`"
        )
    if len(sets) > 1:
        raise UserError(f"--val_dataset takes one data set here, not {len(sets)}")
    kept = Path(checkpoint).parent / VAL_FILE
    if not sets and not kept.is_file():
        raise UserError(
            f"{kept} does not exist: the run kept no validation rows; name some with --val_dataset"
        )
    data = sets[0] if sets else str(kept)
    sample = line.number("val_dataset_sample", "show_dataset_sample", whole=True)
    if sample is None or sample < 0:
        return data
    if "#" in data and not Path(data).exists():
        option = "val_dataset_sample" if "val_dataset_sample" in line.given else "show_dataset_sample"
        raise UserError(f"--val_dataset {data} and --{option} {sample} both choose rows: give one of them")
    return f"{data}#{sample}"


def result_file(line: CommandLine, checkpoint: str) -> Path:
    """The file of answers; by default `CHECKPOINT/infer_result/date-time.jsonl`."""
    home = Path(checkpoint)
    if not home.is_dir():
        home = Path("result") / home.name  # a model of the hub
    folder = Path(line.word("result_dir") or home / "infer_result")
    return Path(line.word("result_path") or folder / f"{datetime.now():%Y%m%d-%H%M%S}.jsonl")
