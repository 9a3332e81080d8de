"""One candidate of benchmark_training.py, in a process of its own and in its own environment.

Does one step for each line `go` on its input and answers with a line of JSON; `end` asks what it has used.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from benchmark_data import decoder_of, freezes_encoder, rows_of
from torch.utils.flop_counter import FlopCounterMode

LEARNING_RATE = 1e-4
RANK, ALPHA = 8, 32
NEW_TOKENS = 32
LOADER_WORKERS = {"cpu": 0, "cuda": 8}
"""On a CPU they would take the cores that compute; a GPU would wait for a single process."""
NEVER = 10**6
"""Steps: the other side says when it has seen enough."""


class Turns:
    """Keeps a step waiting for its turn, and tells how long it took."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.answers = sys.stdout
        sys.stdout = sys.stderr  # what libraries print is none of the answers
        self.facts: dict[str, Any] = {"tflop_per_sample": 0.0, "tflop_per_sample_counted": 0.0}
        self.started = 0.0

    def wait(self) -> None:
        """Waits for the next turn; at the end says what has been used, and never comes back."""
        word = sys.stdin.readline().strip()
        if word == "go":
            self.started = time.perf_counter()
            return
        if self.device == "cuda":
            peak = torch.cuda.max_memory_allocated() / 1e9
            device = torch.cuda.get_device_name()
        else:
            peak, device = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, "cpu"
        self._answer(self.facts | {"peak_memory_gb": peak, "device": device})
        sys.stdin.read()  # until the other side has gone
        os._exit(0)

    def done(self) -> None:
        """Tells how long the step took."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        self._answer({"seconds": time.perf_counter() - self.started})

    def repeat(self, step: Callable[[], object]) -> NoReturn:
        """Does a step in every turn."""
        while True:
            self.wait()
            step()
            self.done()

    def _answer(self, value: dict[str, Any]) -> None:
        print("BENCHMARK", json.dumps(value), file=self.answers, flush=True)


def make_trainers_take_turns(turns: Turns) -> None:
    """Gives a callback to every Trainer from now on.

    A turn lasts from the end of a step to the end of the next, so that reading rows counts.
    """
    from transformers import TrainerCallback
    from transformers.trainer import DEFAULT_CALLBACKS

    class TakeTurns(TrainerCallback):
        counter: FlopCounterMode

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 0:
                turns.wait()

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 0:
                self.counter = FlopCounterMode(display=False).__enter__()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 1:  # of the warm-up
                self.counter.__exit__(None, None, None)
                counted = self.counter.get_total_flops() / turns.facts["samples"] / 1e12
                turns.facts["tflop_per_sample_counted"] = counted
            turns.done()
            turns.wait()

    DEFAULT_CALLBACKS.append(TakeTurns)


def note_facts(turns: Turns, work: str, folder: Path, batch: int) -> None:
    """Samples and tokens of a step, and operations of a sample by formula, the same for all candidates."""
    facts = json.loads((folder / f"facts-{work}.json").read_text())
    turns.facts |= {
        "samples": batch,
        "tokens": facts["tokens_per_sample"] * batch,
        "tflop_per_sample": facts["tflop_per_sample"],
    }


def common_arguments(turns: Turns, batch: int) -> dict[str, Any]:
    """What all candidates are given alike; they call it by the same names."""
    return {
        "per_device_train_batch_size": batch,
        "max_steps": NEVER,
        "learning_rate": LEARNING_RATE,
        "save_strategy": "no",
        "dataloader_num_workers": LOADER_WORKERS[turns.device],
        "use_cpu": turns.device == "cpu",
    }


def train_got_train(turns: Turns, work: str, folder: Path, home: Path, dtype: str, batch: int) -> None:
    """Its command line."""
    from got_train.cli import main

    lora = work.startswith("lora")
    config = {
        "name": work,
        "output_dir": str(home),
        "model": {"path": str(folder / decoder_of(work))},
        "data": {"train": [str(rows_of(work, folder))], "val_ratio": 0},
        "lora": {"enabled": lora, "rank": RANK, "alpha": ALPHA},
        "train": {
            **common_arguments(turns, batch),
            "global_batch_size": batch,
            "bf16": dtype == "bfloat16",
            "cache_features": lora,
            "learning_rates": {"encoder": 0 if freezes_encoder(work) else None},
        },
        "eval": {"compare_rows": 0},
    }
    if work == "lora_later_epochs":
        fill_cache(config, home)
    make_trainers_take_turns(turns)
    (home / "config.yaml").write_text(json.dumps(config))
    main(["train", str(home / "config.yaml")])


def fill_cache(config: dict[str, Any], home: Path) -> None:
    """An epoch that takes no turns, in a process of its own: its memory is not that of the later ones."""
    first = {**config, "train": {**config["train"], "max_steps": -1, "num_train_epochs": 1}}
    (home / "first.yaml").write_text(json.dumps(first))
    command = [sys.executable, "-m", "got_train", "train", str(home / "first.yaml")]
    subprocess.run(command, stdout=sys.stderr, check=True)


def stock_model(work: str, folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """transformers' own class; with OPT it needs to be told where the embedding is."""
    from transformers import GotOcr2ForConditionalGeneration

    class WithOpt(GotOcr2ForConditionalGeneration):
        _tied_weights_keys = {"lm_head.weight": "model.language_model.decoder.embed_tokens.weight"}

    kind = WithOpt if work == "stage1" else GotOcr2ForConditionalGeneration
    return kind.from_pretrained(folder / decoder_of(work), dtype=dtype)


def train_transformers(turns: Turns, work: str, folder: Path, home: Path, dtype: str, batch: int) -> None:
    """A stock model, a stock Trainer, padding; pictures by transformers' own processor."""
    from peft import LoraConfig, get_peft_model
    from PIL import Image
    from torch.nn.utils.rnn import pad_sequence
    from transformers import AutoProcessor, Trainer, TrainingArguments

    from got_train.config import SampleConfig
    from got_train.data.records import parse_row
    from got_train.data.samples import SampleEncoder
    from got_train.vocabulary import IGNORE_INDEX, TileShape

    model = stock_model(work, folder)
    processor = AutoProcessor.from_pretrained(folder / decoder_of(work))
    tokenizer = processor.tokenizer
    if freezes_encoder(work):
        projector = model.model.multi_modal_projector
        for part in (model.model.vision_tower, projector.conv_upsampler1, projector.conv_upsampler2):
            part.requires_grad_(False)
    if work.startswith("lora"):
        targets = r".*(language_model.*(_proj|fc\d)|multimodal_projector)"
        model = get_peft_model(
            model, LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.05, target_modules=targets)
        )
    rows = [json.loads(line) for line in rows_of(work, folder).read_text().splitlines()]
    encoder = SampleEncoder(tokenizer, SampleConfig(), TileShape())

    def padded(arrays: Iterable[np.ndarray], value: int) -> torch.Tensor:
        return pad_sequence(
            [torch.from_numpy(array) for array in arrays], batch_first=True, padding_value=value
        )

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        texts = [encoder.ids_and_labels(parse_row(row, "row"), (1,)) for row in batch]
        ids, labels = zip(*texts, strict=True)
        images = [Image.open(row["images"][0]).convert("RGB") for row in batch]
        return {
            "input_ids": padded(ids, tokenizer.pad_token_id),
            "labels": padded(labels, IGNORE_INDEX),
            "attention_mask": padded(map(np.ones_like, ids), 0),
            "pixel_values": processor.image_processor(images, return_tensors="pt")["pixel_values"],
        }

    arguments = TrainingArguments(
        output_dir=str(home),
        bf16=dtype == "bfloat16",
        report_to="none",
        remove_unused_columns=False,
        **common_arguments(turns, batch),
    )
    make_trainers_take_turns(turns)
    Trainer(model, arguments, collate, train_dataset=rows).train()


def train_ms_swift(turns: Turns, work: str, folder: Path, home: Path, dtype: str, batch: int) -> None:
    """Its own pipeline."""
    from swift.pipelines import sft_main

    lora = work.startswith("lora")
    options = {
        "model": folder / "qwen2",
        "model_type": "got_ocr2_hf",
        "dataset": rows_of(work, folder),
        "tuner_type": "lora" if lora else "full",
        "lora_rank": RANK,
        "lora_alpha": ALPHA,
        "freeze_vit": freezes_encoder(work),
        "freeze_aligner": False,
        "torch_dtype": dtype,
        "gradient_accumulation_steps": 1,
        "gradient_checkpointing": False,
        "eval_strategy": "no",
        "dataset_num_proc": 1,
        "output_dir": home,
        **common_arguments(turns, batch),
    }
    make_trainers_take_turns(turns)  # not earlier: ms-swift has put a list of callbacks of its own in place
    sft_main([word for name, value in options.items() for word in (f"--{name}", str(value))])


def encode_tiles(turns: Turns, name: str, folder: Path, precision: torch.dtype, batch: int) -> None:
    """Forward passes of the encoder; the weights are of the precision that is measured."""
    note_facts(turns, "encoder", folder, batch)
    from got_train.model.loading import load_got

    ours = name == "got_train"
    model = load_got(str(folder / "qwen2")) if ours else stock_model("encoder", folder)
    encoder = model.model.vision_tower.to(turns.device, precision).eval()
    pixels = torch.randn(batch, 3, 1024, 1024).to(turns.device, precision)
    with torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            encoder(pixels)
        turns.facts["tflop_per_sample_counted"] = counter.get_total_flops() / batch / 1e12
        turns.repeat(lambda: encoder(pixels))


def read_pictures(turns: Turns, name: str, folder: Path, precision: torch.dtype, count: int) -> None:
    """Some pictures: ours together, stock transformers one by one, as its documentation does."""
    from PIL import Image

    rows = [json.loads(line) for line in rows_of("inference", folder).read_text().splitlines()]
    pictures = [rows[number % len(rows)]["images"][0] for number in range(count)]
    if name == "got_train":
        from got_train.inference.chat import Got

        got = Got.from_pretrained(folder / "qwen2", device=turns.device, dtype=precision)

        def read() -> None:
            got.chat(pictures, max_new_tokens=NEW_TOKENS, batch_size=count)
    else:
        from transformers import AutoProcessor

        model = stock_model("inference", folder, precision).to(turns.device).eval()
        processor = AutoProcessor.from_pretrained(folder / "qwen2")

        def read() -> None:
            for picture in pictures:
                given = processor(Image.open(picture), return_tensors="pt").to(turns.device, precision)
                model.generate(**given, do_sample=False, max_new_tokens=NEW_TOKENS, no_repeat_ngram_size=20)

    note_facts(turns, "inference", folder, count)
    turns.facts["tokens"] = count * NEW_TOKENS
    turns.repeat(read)


def main() -> None:
    """Runs what the command line names."""
    name, work, folder, home, device, dtype, batch = sys.argv[1:]
    turns = Turns(device)
    if work == "encoder":
        encode_tiles(turns, name, Path(folder), getattr(torch, dtype), 1)
    elif work == "inference":
        read_pictures(turns, name, Path(folder), getattr(torch, dtype), 4 * int(batch))
    else:
        note_facts(turns, work, Path(folder), int(batch))
        train = {"got_train": train_got_train, "transformers": train_transformers, "ms_swift": train_ms_swift}
        train[name](turns, work, Path(folder), Path(home), dtype, int(batch))


if __name__ == "__main__":
    main()
