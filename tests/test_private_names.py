"""Private names of other packages that got_train uses, as they were read in the versions that stand here.

A release that changes one of them fails here by its name, before it changes what training does.
"""

import dataclasses
import importlib
import inspect
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from got_train import arguments

ROOT = Path(__file__).parent.parent

PRIVATE: dict[str, tuple[str, list[str] | None]] = {
    "transformers.Trainer._get_grad_norm": ("5.23.0", ["self", "model", "grad_norm"]),
    "transformers.Trainer._determine_best_metric": ("5.23.0", ["self", "metrics", "trial"]),
    "transformers.Trainer._save_checkpoint": ("5.23.0", ["self", "model", "trial"]),
    "transformers.Trainer._load_from_checkpoint": ("5.23.0", ["self", "resume_from_checkpoint", "model"]),
    "transformers.Trainer._load_optimizer_and_scheduler": ("5.23.0", ["self", "checkpoint"]),
    "transformers.Trainer._load_rng_state": ("5.23.0", ["self", "checkpoint"]),
    "omegaconf._utils.get_omega_conf_dumper": ("2.4.0", []),
    "transformers.PreTrainedModel._tied_weights_keys": ("5.23.0", None),
    "torch._dynamo.config.recompile_limit": ("2.13.0", None),
    "torch._softmax_backward_data": ("2.13.0", None),
    "torch.cpu._is_avx512_bf16_supported": ("2.13.0", []),
}
"""For each name the version it was read in, and its parameters if it is a function in Python."""

OTHERS = {"_n_gpu", "_utils", "_dynamo", "_run_exitfuncs", "_exit", "_actions", "_core", "_reconstruct"}
"""An attribute that only instances of `TrainingArguments` have, a part of a name above, names of Python's own
library (`os._exit` is documented), and names that stand in files of numpy's random state."""


def find(name: str) -> Any:
    """The object of a dotted name."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ImportError(name)


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_name_is_as_it_was_read(name: str) -> None:
    version, parameters = PRIVATE[name]
    found = find(name)
    if parameters is not None:
        given = list(inspect.signature(found).parameters)
        assert given == parameters, f"{name} had {parameters} in version {version}"


def test_arguments_count_their_devices_under_a_private_name(tmp_path: Path) -> None:
    from transformers import TrainingArguments

    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none")
    assert arguments.n_gpu == arguments._n_gpu == 0
    arguments._n_gpu = 2
    assert arguments.n_gpu == 2


def test_no_other_private_names_are_used() -> None:
    listed = {name.rpartition(".")[2] for name in PRIVATE} | OTHERS
    own: set[str] = set()
    used: dict[str, str] = {}
    for path in sorted(ROOT.glob("got_train/**/*.py")):
        text = re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL)
        own |= set(re.findall(r"\b(_[a-z]\w*)\s*(?:=|:[^:]|\()", text)) & set(
            re.findall(r"(?:def |self\.|class |^)(_[a-z]\w*)", text, flags=re.MULTILINE)
        )
        for name in re.findall(r"(?<!self)(?<!cls)\.(_[a-z]\w*)", text):
            used[name] = path.name
    others = {name: file for name, file in used.items() if name not in own | listed}
    assert others == {}


def test_the_arguments_that_are_read_from_transformers_files_are_those_that_it_has() -> None:
    """Names, loggers and levels are the same, and types too, except that enumerations are texts here."""
    from transformers import TrainingArguments
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
    from transformers.training_args import trainer_log_levels

    read, hints = arguments._types_in_source(), typing.get_type_hints(TrainingArguments)
    assert set(read) == {field.name for field in dataclasses.fields(TrainingArguments) if field.init}
    assert arguments._loggers_in_source() == tuple(INTEGRATION_TO_CALLBACK)
    assert list(arguments.LOG_LEVELS) == list(trainer_log_levels)
    assert {name for name, hint in read.items() if hint != hints[name]} == {
        *("debug", "hub_strategy", "optim", "lr_scheduler_type", "parallelism_config"),
        *("eval_strategy", "logging_strategy", "save_strategy"),
    }
    fields = {field.name: field.default for field in dataclasses.fields(TrainingArguments)}
    known = {name: default for name, default in fields.items() if default is not dataclasses.MISSING}
    assert arguments.argument_defaults() == known | arguments.DEFAULTS
    assert arguments.DEFAULTS["optim"] == known["optim"]
