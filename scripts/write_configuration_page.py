"""Writes the tables of docs/configuration.md, in both languages, from the dataclasses of got_train/config.py.

    python scripts/write_configuration_page.py
    python scripts/write_configuration_page.py --check      # exit code 1 if a page is not up to date

A table stands between `<!-- table NAME -->` and `<!-- end -->`; everything else of the pages is written by
hand. What the keys mean in Chinese stands in docs/configuration.zh.yaml beside the English sentence that it
was made of: where that has changed, the Chinese one is to be looked at again.
"""

import argparse
import ast
import dataclasses
import re
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from omegaconf import MISSING

from got_train import config
from got_train.arguments import OWN_ARGUMENTS, argument_defaults, argument_types
from got_train.packages import package_folder

ROOT = Path(__file__).parent.parent
PAGES = {"en": ROOT / "docs" / "configuration.md", "zh": ROOT / "docs" / "configuration.zh.md"}
CHINESE = ROOT / "docs" / "configuration.zh.yaml"
RENEW = "run `python scripts/write_configuration_page.py`"

HEADER = ("key", "values", "default", "meaning")
NAMES = {int: "whole number", float: "number", bool: "true or false", str: "text", dict: "section"}


class Key(NamedTuple):
    """A key of a configuration, in English."""

    name: str
    values: list[str]
    """What it takes, piece by piece: words that have a translation, or choices in backticks."""
    default: str
    meaning: str


def attribute_docstrings(source: str, name: str) -> dict[str, str]:
    """The docstring below each field of a class, as one line."""
    tree = ast.parse(source)
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    texts = {}
    for field, below in zip(found.body, found.body[1:], strict=False):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and is_text:
            texts[ast.unparse(field.target)] = " ".join(str(below.value.value).split())
    return texts


def section_keys(section: type, prefix: str) -> list[Key]:
    """The keys of a dataclass that hold values; sections inside it have tables of their own."""
    meanings = attribute_docstrings(Path(config.__file__).read_text(encoding="utf-8"), section.__name__)
    hints = typing.get_type_hints(section, include_extras=True)
    keys = []
    for field in dataclasses.fields(section):
        if dataclasses.is_dataclass(hints[field.name]) or field.name == "arguments":
            continue
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        name = f"{prefix}{field.name}"
        assert field.name in meanings, f"{name} has no docstring in got_train/config.py"
        keys.append(Key(name, values_of(hints[field.name]), shown(default), meanings[field.name]))
    return keys


def values_of(hint: Any) -> list[str]:
    """What a type hint takes, in pieces."""
    if typing.get_origin(hint) is Annotated:
        hint, *ranges = typing.get_args(hint)
        words = [description for _, description in ranges]
        return words if hint in (str, str | None) else [*values_of(hint), *words]
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
        kinds = [values_of(part)[0] for part in parts]
        null = ["or null"] if types.NoneType in typing.get_args(hint) else []
        return [*dict.fromkeys(kinds), *null]
    if typing.get_origin(hint) is Literal:
        return [" ".join(f"`{str(choice).lower()}`" for choice in typing.get_args(hint))]
    if typing.get_origin(hint) is list or hint is list:
        [inner] = typing.get_args(hint) or (str,)
        return [f"list of: {values_of(inner)[0]}"]
    return [NAMES[typing.get_origin(hint) or hint]]


def shown(default: Any) -> str:
    """A default as it would stand in a file; nothing for a key that must be set."""
    if default == MISSING or default is dataclasses.MISSING:
        return ""
    text = yaml.safe_dump(default, default_flow_style=True, width=1000, allow_unicode=True)
    return f"`{text.removesuffix(chr(10)).removesuffix('...').strip()}`"


ARGUMENTS = {
    "num_train_epochs": "Passes over the training rows; `max_steps` wins over it.",
    "max_steps": "Optimizer steps of the run; -1 leaves it to `num_train_epochs`.",
    "learning_rate": "Highest learning rate of the schedule, of all groups without one in `learning_rates`.",
    "lr_scheduler_type": (
        "How the learning rate goes on: `linear`, `cosine`, `constant`, `constant_with_warmup`, or another "
        "schedule of transformers."
    ),
    "warmup_steps": "Steps in which the learning rate rises from 0; below 1 it is a share of all steps.",
    "per_device_train_batch_size": "Samples of one forward and backward pass on each device.",
    "gradient_accumulation_steps": (
        "Batches whose gradients are added up before a step; leave it out beside `global_batch_size`, from "
        "which it follows."
    ),
    "per_device_eval_batch_size": "Validation rows whose loss is computed together on each device.",
    "optim": "The optimizer, by transformers' name; `muon` is Muon for the matrices inside layers, AdamW for "
    "the rest.",
    "weight_decay": "Weight decay of AdamW.",
    "adam_beta1": "First beta of AdamW.",
    "adam_beta2": "Second beta of AdamW.",
    "adam_epsilon": "Epsilon of AdamW.",
    "max_grad_norm": "Gradients with a larger norm are scaled down to it.",
    "bf16": "Compute in bfloat16.",
    "fp16": "Compute in float16, for GPUs without bfloat16. Without effect on a CPU.",
    "gradient_checkpointing": "Compute layers again in the backward pass: less memory, more time.",
    "torch_compile": "Compile the layers, one by one.",
    "deepspeed": (
        "A file of DeepSpeed's settings, such as `configs/deepspeed/zero2.json`, or the section itself. "
        "ZeRO-3 is refused."
    ),
    "logging_steps": "Steps between two lines of the log; below 1 a share of all steps.",
    "save_strategy": "When a checkpoint is saved: `no`, `steps`, `epoch` or `best`.",
    "save_steps": "Steps between two checkpoints; below 1 a share of all steps.",
    "save_total_limit": "Most checkpoints that are kept: older ones are removed, the best one is not.",
    "save_only_model": "Save the weights alone: such a run cannot go on.",
    "eval_strategy": "When validation rows are evaluated: `no`, `steps` or `epoch`.",
    "eval_steps": "Steps between two evaluations; below 1 a share of all steps; default: `logging_steps`.",
    "load_best_model_at_end": (
        "The run ends with the weights of its best checkpoint, and its folder stands for that one."
    ),
    "metric_for_best_model": (
        "What chooses it: `loss`, `cer`, `edit_distance`, `exact_match`, `repetition`, or `loss_KIND`."
    ),
    "dataloader_num_workers": "Processes on each device that open pictures and encode texts.",
    "seed": "Of the first weights, of the choice of rows, and of their order.",
    "report_to": "Where the log goes beside `logging.jsonl`, such as `tensorboard` or `wandb`.",
    "run_name": "Name of the run in wandb and other loggers.",
    "ddp_timeout": "Seconds after which a process no longer waits for the others.",
}
"""What the most used names of `transformers.TrainingArguments` mean; of the others transformers tells."""


def argument_keys(often: bool) -> list[Key]:
    """The names of `transformers.TrainingArguments` in the section `train`: those above, or the rest."""
    hints, defaults = argument_types(), argument_defaults()
    meanings = ARGUMENTS if often else first_sentences()
    names = ARGUMENTS if often else [name for name in hints if name not in ARGUMENTS]
    return [
        Key(f"train.{name}", values_of(hints[name]), shown(defaults.get(name)), meanings.get(name, ""))
        for name in names
    ]


def first_sentences() -> dict[str, str]:
    """What transformers says of each argument, up to the end of the first sentence."""
    source = (package_folder("transformers") / "training_args.py").read_text(encoding="utf-8")
    [found] = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments"
    ]
    docstring = ast.get_docstring(found) or ""
    entries = re.findall(r"^    (\w+) ?\(.*?\):? *\n((?: {8,}\S.*\n?)+)", docstring, flags=re.MULTILINE)
    texts = {}
    for name, lines in entries:
        text = " ".join(re.split(r"\n\s+- ", lines)[0].split())
        text = re.sub(r"\[`~?([^`]*)`\](?:\([^)]*\))?", r"`\1`", text)  # its cross-references
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
        sentence = re.split(r"(?<=[a-z`)*])\. (?=[A-Z*`])", text)[0]
        texts[name] = re.sub(r"[\s:]*$", "", sentence).rstrip(".").replace("|", "\\|") + "."
    return texts


SECTIONS: dict[str, type] = {
    "run": config.Config,
    "model": config.ModelConfig,
    "model.encoder": config.EncoderConfig,
    "model.decoder": config.DecoderConfig,
    "data": config.DataConfig,
    "sample": config.SampleConfig,
    "lora": config.LoraSettings,
    "train": config.TrainConfig,
    "train.learning_rates": config.LearningRates,
    "train.auxiliary_losses": config.AuxiliaryLosses,
    "eval": config.EvalConfig,
}


def tables() -> Iterator[tuple[str, list[Key]]]:
    """All tables in their order, by the names of their places in the pages."""
    for name, section in SECTIONS.items():
        yield name, section_keys(section, "" if name == "run" else f"{name}.")
    yield "arguments", argument_keys(often=True)
    yield "others", argument_keys(often=False)
    yield "refused", [Key(f"train.{name}", [], "", instead) for name, instead in OWN_ARGUMENTS.items()]


class Translation:
    """Chinese for what stands in English; a sentence without one stays, a changed one is a mistake."""

    def __init__(self, file: Path | None) -> None:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) if file else {}
        self.is_english = not file
        self.words: dict[str, str] = found.get("words", {})
        self.meanings: dict[str, dict[str, str]] = found.get("meanings", {})
        self.mistakes: list[str] = []
        self.used: set[str] = set()

    def piece(self, text: str) -> str:
        """A piece of what a key takes, or a heading."""
        start, is_list, inner = text.partition("list of: ")
        if self.is_english:
            return f"list of {inner}s" if is_list and "`" not in inner else f"{start}{is_list}{inner}"
        if is_list:
            return self.words["list of"] + self.piece(inner)
        if text and "`" not in text and text not in self.words:
            self.mistakes.append(f"docs/configuration.zh.yaml: words lacks {text!r}")
        return self.words.get(text, text)

    def meaning(self, key: Key, may_lack: bool) -> str:
        """What a key means; English where a key of transformers has no Chinese."""
        if self.is_english:
            return key.meaning
        self.used.add(key.name)
        given = self.meanings.get(key.name)
        if given is None and may_lack:
            return key.meaning
        if given is None or given["en"] != key.meaning:
            was = "" if given is None else f", it was {given['en']!r}"
            self.mistakes.append(
                f"docs/configuration.zh.yaml: {key.name} means {key.meaning!r} now{was}: put that into `en`, "
                "and renew `zh`"
            )
            return key.meaning
        return given["zh"]


def table(name: str, keys: list[Key], translation: Translation) -> str:
    """A table in Markdown."""
    columns = (0, 3) if name == "refused" else (0, 1, 2, 3)
    joiner = ", " if translation.is_english else "，"
    lines = [[translation.piece(head) for head in HEADER], ["---"] * len(HEADER)]
    for key in keys:
        values = joiner.join(map(translation.piece, key.values)).replace(f"{joiner}or null", " or null")
        meaning = translation.meaning(key, may_lack=name == "others")
        lines.append([f"`{key.name}`", values, key.default or translation.piece("must be set"), meaning])
    return "\n".join(f"| {' | '.join(cells[column] for column in columns)} |" for cells in lines)


def renewed(language: str) -> str:
    """A page with its tables as they should be.

    Raises:
        ValueError: if Chinese sentences are missing, or were made of other English ones.
    """
    translation = Translation(CHINESE if language == "zh" else None)
    page = PAGES[language].read_text(encoding="utf-8")
    for name, keys in tables():
        place = re.compile(rf"(<!-- table {re.escape(name)} -->\n).*?(\n?<!-- end -->)", re.DOTALL)
        if len(place.findall(page)) != 1:
            raise ValueError(f"{PAGES[language].name} has no place for the table {name}")
        made = table(name, keys, translation)
        page = place.sub(lambda found, made=made: f"{found[1]}{made}\n<!-- end -->", page)
    idle = sorted(set(translation.meanings) - translation.used)
    if idle:
        translation.mistakes.append(f"docs/configuration.zh.yaml: no such keys: {', '.join(idle)}")
    if translation.mistakes:
        raise ValueError("\n".join(translation.mistakes))
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the tables of docs/configuration.md.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what is not up to date")
    options = parser.parse_args()
    status = 0
    for language, file in PAGES.items():
        try:
            page = renewed(language)
        except ValueError as error:
            print(error, file=sys.stderr)
            status = 1
            continue
        if page != file.read_text(encoding="utf-8"):
            if options.check:
                print(f"{file} is not up to date: {RENEW}", file=sys.stderr)
                status = 1
            else:
                file.write_text(page, encoding="utf-8")
                print(f"{file} written")
    return status


if __name__ == "__main__":
    sys.exit(main())
