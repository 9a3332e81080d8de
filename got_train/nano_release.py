"""Nano's trained weights as a folder to give away: in bfloat16, with a card that says what they read."""

import json
from pathlib import Path

import torch

from got_train.files import atomic_folder
from got_train.model.checkpoints import load_checkpoint
from got_train.model.got import GotModel, cast_weights
from got_train.model.processor import build_processor, save_processor

RELEASE = "got-nano"
"""Name of the folder."""

CARD = """\
---
license: apache-2.0
pipeline_tag: image-text-to-text
tags: [ocr, got-ocr2, got-train]
---

# got-nano

A reader of small print with {parameters:.1f} million parameters, in bfloat16, trained from random weights by

    got-train nano --seed {seed}

which draws its data, trains three stages and LoRA, and merges. It reads squares of 128 x 128 pixels (other
pictures are squeezed into one): one to four short lines of English print of 12 to 24 pixels, and Greek words.
It shows what the recipe does in an afternoon on two CPU cores; for documents take a full-size model.

CER is the character error rate of this folder on held-out pictures of the same run.

| pictures | rows | CER |
|---|---|---|
{scores}

    got-train infer got-nano --image line.png
    got-train demo got-nano

The training pictures showed these texts in {fonts} fonts, of which the weights hold none:

{sources}
"""


def write_weights(merged: Path, folder: Path) -> None:
    """Writes a merged model in bfloat16, without the settings of its run, which name folders of a machine."""
    if folder.is_dir():
        return
    model, tokenizer, config = load_checkpoint(str(merged))
    assert isinstance(model, GotModel)
    cast_weights(model, torch.bfloat16)
    with atomic_folder(folder) as part:
        model.save_pretrained(part)
        save_processor(build_processor(model.config, tokenizer, config.sample), part)


def card(model: Path, seed: int, scores: dict[str, dict[str, float]], data: Path) -> str:
    """The README.md of the folder.

    Args:
        model: the folder.
        seed: of the run.
        scores: `rows` and `cer` of each task that it has read.
        data: the sets of the run, whose manifests name what they were drawn from.
    """
    parameters = sum(weights.numel() for weights in load_checkpoint(str(model))[0].parameters())
    lines = [
        f"| {task.replace('_', ' ')} | {row['rows']} | {row['cer']:.3f} |" for task, row in scores.items()
    ]
    manifests = [path for path in data.glob("*/manifest.json") if "held_out" not in path.parent.name]
    sources = [
        source
        for manifest in manifests
        for source in json.loads(manifest.read_text(encoding="utf-8"))["sources"]
        if not Path(source["name"]).is_absolute()  # a set of the run itself
    ]
    texts = {f"- {source['name']} ({source['licence']})" for source in sources if "sha256" not in source}
    return CARD.format(
        parameters=parameters / 1e6,
        seed=seed,
        scores="\n".join(lines),
        fonts=len({source["name"] for source in sources if "sha256" in source}),
        sources="\n".join(sorted(texts)),
    )
