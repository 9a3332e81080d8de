"""`swift infer` and `swift export`: what comes after training, under swift's names."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from got_train.model.loading import resolve_checkpoint
from got_train.model.merge import merge
from got_train.report import UserError
from got_train.swift.checkpoint_options import EXPORT, INFER
from got_train.swift.command_line import CommandLine, read_command_line, remarks

MAX_NEW_TOKENS = {"2": 2048, "4": 4096}
"""swift 4 has no limit but the model's own; longer texts than this do not fit on a page."""


def infer(words: Sequence[str]) -> int:
    """Answers the rows that a run kept for validation, or those of a data set.

    Raises:
        UserError: for an option that is not supported here, or if there is nothing to read.
    """
    line = read_command_line("infer", words, INFER)
    notes = remarks(line)
    if "NPROC_PER_NODE" in os.environ:
        notes.append("NPROC_PER_NODE changes nothing here: one process reads")
    checkpoint = model_of(line)
    data = rows_of(line, checkpoint)
    result = result_file(line, checkpoint)
    for note in notes:
        print(f"swift: {note}")
    merges = line.flag("merge_lora") or line.flag("merge_lora_and_save")
    if line.dry_run:
        print(f"reads {data} with {merged_name(checkpoint) if merges else checkpoint} into {result}")
        return 0
    answer_rows(
        merged(checkpoint) if merges else checkpoint,
        data,
        result,
        line.number("max_new_tokens", whole=True) or MAX_NEW_TOKENS[line.version],
        line.number("max_batch_size", whole=True) or 1,
    )
    return 0


def answer_rows(model: str, data: str, result: Path, max_new_tokens: int, batch_size: int) -> None:
    """Reads all rows of a data set into a file."""
    from got_train.inference.got import Got
    from got_train.inference.predict import predict, questions_of

    got = Got.from_pretrained(model)
    questions = questions_of(got, data)
    predict(got, questions, result, max_new_tokens, batch_size)
    print(f"{len(questions)} rows written to {result}")


def export(words: Sequence[str]) -> int:
    """Merges adapters into a plain model folder.

    Raises:
        UserError: for an option that is not supported here, or if nothing but merging is asked for.
    """
    line = read_command_line("export", words, EXPORT)
    notes = remarks(line)
    if not (line.flag("merge_lora") or line.flag("merge_lora_and_save")):
        raise UserError("swift export only merges here: add --merge_lora true")
    checkpoint = model_of(line)
    target = line.word("output_dir")
    for note in notes:
        print(f"swift: {note}")
    if line.dry_run:
        print(f"merges {checkpoint} into {target or merged_name(checkpoint)}")
        return 0
    folder, difference = merge(checkpoint, target)
    print(f"merged into {folder} (logits before and after differ by {difference:.2g} of the largest)")
    return 0


def model_of(line: CommandLine) -> str:
    """The checkpoint, or the model without adapters."""
    path = line.word("ckpt_dir", "adapters") or line.word("model", "model_id_or_path")
    if path is None:
        raise UserError(f"--{'ckpt_dir' if line.version == '2' else 'adapters'} must be given: a checkpoint")
    return resolve_checkpoint(path).rstrip("/")


def merged_name(checkpoint: str) -> str:
    """The folder beside a checkpoint that it is merged into."""
    return f"{checkpoint}-merged"


def merged(checkpoint: str) -> str:
    """The merged folder of a checkpoint, which is made unless it is there, as in swift."""
    if Path(merged_name(checkpoint)).is_dir():
        print(f"{merged_name(checkpoint)} is there already")
        return merged_name(checkpoint)
    return str(merge(checkpoint)[0])


def rows_of(line: CommandLine, checkpoint: str) -> str:
    """The data set to read."""
    sets = line.words("val_dataset")
    own = line.flag("load_dataset_config") or line.flag("load_data_args")
    if not sets and not own:
        option = "load_dataset_config" if line.version == "2" else "load_data_args"
        raise UserError(
            f"swift infer does not ask for questions here: add --{option} true for the run's own validation "
            "rows, or --val_dataset; a single picture is read by `got-train infer MODEL --image PICTURE`"
        )
    if len(sets) > 1:
        raise UserError(f"--val_dataset takes one data set here, not {len(sets)}")
    kept = Path(checkpoint).parent / "val_dataset.jsonl"
    if not sets and not kept.is_file():
        raise UserError(
            f"{kept} does not exist: the run kept no validation rows; name some with --val_dataset"
        )
    data = sets[0] if sets else str(kept)
    sample = line.number("val_dataset_sample", "show_dataset_sample", whole=True)
    return data if sample is None or sample < 0 else f"{data}#{sample}"


def result_file(line: CommandLine, checkpoint: str) -> Path:
    """Where the answers go: `CHECKPOINT/infer_result/date-time.jsonl` unless named."""
    named = line.word("result_path")
    if named is not None:
        return Path(named)
    folder = line.word("result_dir")
    if folder is None and not Path(checkpoint).is_dir():
        folder = f"result/{Path(checkpoint).name}/infer_result"  # a model of the hub
    place = Path(folder) if folder else Path(checkpoint) / "infer_result"
    return place / f"{datetime.now():%Y%m%d-%H%M%S}.jsonl"
