"""A trained model in Python: `Got.from_pretrained(folder).chat("page.png")` reads an image."""

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from got_train.bitsandbytes_import import bitsandbytes_hidden
from got_train.config import MAX_NEW_TOKENS, Config
from got_train.data.record import Record
from got_train.data.samples import SampleEncoder
from got_train.inference.answer import Answer
from got_train.inference.calibration import Calibration, read_calibration
from got_train.inference.generate import LOWER, generate, stream
from got_train.inference.questions import Box, ImageName, OcrType, question
from got_train.inference.reader import Reader
from got_train.model.attention import avoid_cudnn_attention
from got_train.model.checkpoints import load_checkpoint
from got_train.model.compilation import compile_decoding
from got_train.model.fingerprint import weights_fingerprint
from got_train.model.got import GotModel, cast_weights, tile_shape
from got_train.prompts import TemplateName
from got_train.report import UserError
from got_train.run_folders import resolve_checkpoint


@dataclass(frozen=True)
class Got(Reader):
    """A model for reading, with the methods and names of the authors' demo.

    As in the demo, answers are greedy and end at `<|im_end|>`, and those of single images never repeat a
    sequence of 20 tokens.
    """

    model: GotModel | PeftModel
    encoder: SampleEncoder
    config: Config
    """The configuration of the run that trained the model."""
    calibration: Calibration | None = None
    """What corrects the probabilities of answers, if it lies beside the model."""

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        device: str | None = None,
        image_root: str | None = None,
        torch_compile: bool = False,
        dtype: torch.dtype | None = None,
        base: str | None = None,
        template: TemplateName = "original",
    ) -> "Got":
        """The model of a folder, checkpoint, run folder or hub id, in the chat template of its training.

        Args:
            path: a model in either layout, with or without adapters.
            device: by default the GPU if there is one; with torchrun, each process has its own.
            image_root: another folder in which relative image paths are looked up.
            torch_compile: compile decoding before the first answer, on GPUs only; worth it for many answers.
            dtype: type of the weights; by default bfloat16 on a GPU, else float32.
            base: the base model of adapters; by default the one that they were trained on.
            template: the chat template of a model whose folder has nothing about its training.

        Raises:
            UserError: if there is no model, or `torch_compile` is set without a GPU.
        """
        if device is None:
            device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
        if torch_compile and device == "cpu":
            raise UserError("torch_compile: transformers compiles decoding for GPUs only; leave it out")
        avoid_cudnn_attention()
        folder = resolve_checkpoint(str(path))
        with bitsandbytes_hidden():
            model, tokenizer, config = load_checkpoint(folder, base, template)
        if image_root is not None:
            config = replace(config, data=replace(config.data, image_root=image_root))
        if torch_compile:
            compile_decoding(model)
        cast_weights(model, dtype or (torch.bfloat16 if device.startswith("cuda") else torch.float32))
        model.to(device).eval()
        encoder = SampleEncoder(tokenizer, config.sample, tile_shape(model.config))
        return cls(model, encoder, config, read_calibration(Path(folder)))

    def chat(
        self,
        image: ImageName | list[ImageName],
        ocr_type: OcrType = "ocr",
        ocr_box: Box = None,
        ocr_color: str | None = None,
        render: bool = False,
        save_render_file: str | Path | None = None,
        *,
        query: str | None = None,
        crop: bool = False,
        with_boxes: bool = False,
        max_new_tokens: int = MAX_NEW_TOKENS,
        batch_size: int = 8,
    ) -> Any:
        """Reads one image, or several images one by one.

        Args:
            image: a path, an address such as `manual.pdf:3`, or an image in memory; or a list of these.
            ocr_type: plain or formatted text.
            ocr_box: region to read in pixels, x1, y1, x2, y2 or a point x, y; also as text.
            ocr_color: colour of the frame around the region to read: red, green or blue.
            render: also write a page with the rendered answers.
            save_render_file: the HTML file of that page.
            query: any other question, in place of one of the recipe's tasks.
            crop: cut images into tiles.
            with_boxes: ask for text with boxes, which `got_train.markup.boxes.read_boxed` reads.
            max_new_tokens: most tokens of an answer.
            batch_size: images per batch.

        Returns:
            The text of one image, or the list of the texts of a list.

        Raises:
            UserError: for an image that cannot be read, or options that do not fit together.
        """
        images = image if isinstance(image, list) else [image]
        root = self.config.data.image_root
        asked = (ocr_type, ocr_box, ocr_color, crop, query, root, with_boxes)
        records = [question([one], *asked) for one in images]
        answers = self._answer(records, render, save_render_file, max_new_tokens, batch_size)
        return answers if isinstance(image, list) else answers[0]

    def chat_crop(
        self, image: ImageName | list[ImageName], ocr_type: OcrType = "format", **options: Any
    ) -> Any:
        """Reads images that are cut into tiles; the options are those of `chat`."""
        return self.chat(image, ocr_type, crop=True, **options)

    def chat_pages(self, images: Sequence[ImageName], ocr_type: OcrType = "format", **options: Any) -> str:
        """The text of all pages of one document in one answer.

        The options are `render`, `save_render_file` and `max_new_tokens`, as those of `chat`.
        """
        record = question(images, ocr_type, image_root=self.config.data.image_root)
        return self._answer([record], **options)[0]

    @property
    def identity(self) -> str:
        """What tells this model from another one, for files of answers that are continued."""
        return weights_fingerprint(self.model)

    def stream(
        self, record: Record, max_new_tokens: int = MAX_NEW_TOKENS, log_probs: bool = False
    ) -> Generator[str, None, Answer]:
        """The answer to a record in pieces, as they are generated; the generator returns the whole answer."""
        return stream(self.model, self.encoder, record, max_new_tokens, log_probs)

    def answers(
        self,
        records: Sequence[Record],
        max_new_tokens: int,
        batch_size: int = 1,
        beams: int = 1,
        log_probs: bool = False,
    ) -> Iterator[Answer]:
        """The answers to records, in order: of a search with `beams`, or greedy, with their tokens if asked.

        Raises:
            UserError: if both are asked, or a batch does not fit into memory.
            RowError: for a record whose images cannot be read.
        """
        if beams > 1 and log_probs:
            raise UserError("probabilities are those of greedy answers: take beams=1 or log_probs=False")
        lower = "lower --beams, --batch-size or --max-new-tokens" if beams > 1 else LOWER
        answers = generate(
            self.model,
            self.encoder,
            records,
            max_new_tokens,
            batch_size,
            lower=lower,
            beams=beams,
            log_probs=log_probs,
        )
        return (replace(answer, calibration=self.calibration) for answer in answers)

    def _answer(
        self,
        records: list[Record],
        render: bool = False,
        save_render_file: str | Path | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        batch_size: int = 1,
    ) -> list[str]:
        if render and save_render_file is None:
            raise UserError("render=True needs save_render_file, the HTML file to write")
        answers = list(self.read(records, max_new_tokens, batch_size))
        if render and save_render_file is not None:
            self.render(list(zip(records, answers, strict=True)), Path(save_render_file))
        return answers
