"""The model cards of merged folders and of adapters: what they were made of, scores, and how to ask them."""

import json
from pathlib import Path
from typing import Any

from got_train.config import Config
from got_train.foreign_files import read_json
from got_train.prompts import CHAT_TEMPLATES, Task
from got_train.report import counted
from got_train.run_folders import COMPARISON_FILE, STATE_FILE, training_state
from got_train.secrets import masked

CARD = """\
---
library_name: transformers
pipeline_tag: image-text-to-text
tags: [ocr, got-ocr2, got-train]
---

# {name}

Adapters of `{source}`, merged into their base model with got-train. `args.yaml` has every setting of the run.

- Base model: `{base}`{earlier}
- Training data: {data}
- Trained modules: {modules}, rank {rank}
- Validation: {scores}

## Prompts

Chat template `{template}`, system text `{system}`. {asked}

## Use

{use}
    got-train infer FOLDER --image page.png
"""

IN_TRANSFORMERS = """\
    from transformers import AutoModelForImageTextToText, AutoProcessor
    model = AutoModelForImageTextToText.from_pretrained("FOLDER")
    processor = AutoProcessor.from_pretrained("FOLDER")

"""


ADAPTERS_CARD = """\
---
library_name: peft
base_model: {base}
tags: [lora, ocr, got-ocr2, got-train]
---

# {name}

Adapters (LoRA) of got-train. `args.yaml` has every setting of the run, `trainer_state.json` its scores.

- Base model: `{base}`{earlier}
- Training data: {data}
- Trained modules: {modules}, rank {rank}
- Chat template `{template}`

    got-train infer FOLDER --image page.png
    got-train merge FOLDER
"""


WHOLE_CARD = """\
---
library_name: transformers
pipeline_tag: image-text-to-text
tags: [ocr, got-ocr2, got-train]
---

# {name}

A model for reading pictures, trained with got-train. `args.yaml` has every setting of the run.

- Started from: `{base}`
- Training data: {data}
- Validation: {scores}
- Chat template `{template}`

    got-train infer FOLDER --image page.png
"""


def whole_card(config: Config, checkpoint: Path) -> str:
    """The text of the README.md of a model whose own weights were trained.

    Args:
        config: of the run.
        checkpoint: the model; scores are read from it and from its run folder.
    """
    return masked(WHOLE_CARD.format(**_facts(config), scores=_scores(checkpoint) or "not recorded"))


def adapters_card(config: Config) -> str:
    """The text of the README.md of an adapter checkpoint."""
    return masked(ADAPTERS_CARD.format(**_facts(config)))


def _facts(config: Config) -> dict[str, Any]:
    data, adapters = config.data, config.lora.adapters
    sets = [f"`{name}`" for name in (*data.train, *(data.replay or []))]
    return {
        "name": config.name,
        "base": config.model.path or "not recorded",
        "earlier": f", with the adapters `{adapters}`, which were trained on" if adapters else "",
        "data": ", ".join(sets) or "not recorded",
        "modules": ", ".join(config.lora.modules),
        "rank": config.lora.rank,
        "template": config.sample.template,
    }


def model_card(config: Config, checkpoint: Path, is_stock: bool) -> str:
    """The text of a merged model's README.md.

    Args:
        config: of the run.
        checkpoint: the adapters; scores are read from it and from its run folder.
        is_stock: whether transformers' own class can load the model.
    """
    query = config.data.query
    queries = ", ".join(f"`{task.query(config.sample.template)}`" for task in (Task(), Task(format=True)))
    card = CARD.format(
        **_facts(config),
        source=checkpoint.name,
        scores=_scores(checkpoint) or "not recorded",
        system=CHAT_TEMPLATES[config.sample.template].system.strip(),
        asked=f"Trained on the query `{query}`." if query else f"Queries such as {queries}.",
        use=IN_TRANSFORMERS if is_stock else "",
    )
    return masked(card)


def _scores(checkpoint: Path) -> str:
    """The last evaluation before the checkpoint, and the rows that were read before and after training."""
    found = []
    if (checkpoint / STATE_FILE).is_file():
        log: list[dict[str, Any]] = training_state(checkpoint).get("log_history", [])
        evaluated = [entry for entry in log if "eval_loss" in entry]
        if evaluated:
            last = {name: value for name, value in evaluated[-1].items() if isinstance(value, int | float)}
            named = [
                f"{name.removeprefix('eval_')} {value:.4g}" for name, value in last.items() if _is_score(name)
            ]
            found.append(f"{', '.join(named)} after {counted(int(last.get('step', 0)), 'step')}")
    comparison = checkpoint.parent / COMPARISON_FILE
    if comparison.is_file():
        found.append(f"before and after training `{json.dumps(read_json(comparison))}`")
    return "; ".join(found)


def _is_score(name: str) -> bool:
    return name.startswith("eval_") and not name.endswith(("_runtime", "_per_second"))
