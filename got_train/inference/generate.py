"""Generates answers to records, batch by batch."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    PreTrainedTokenizerFast,
    TextIteratorStreamer,
)

from got_train.config import NO_REPEAT_NGRAM_SIZE, RUN_ON_TOKENS
from got_train.data.record import Record
from got_train.data.samples import Sample, SampleEncoder
from got_train.data.workers import ROW_SECONDS
from got_train.inference.answer import Answer, Token
from got_train.model.got import GotModel, normalized
from got_train.model.tokenizer import answer_texts, hidden_ids
from got_train.report import UserError, counted
from got_train.shortages import naming_memory
from got_train.vocabulary import IGNORE_INDEX, MESSAGE_END

WINDOW_BATCHES = 4
"""Number of batches whose samples are made together and sorted by length before they are answered."""

LOWER = "lower --batch-size or --max-new-tokens"
"""What to do if a batch of `got-train infer` does not fit into memory."""


def generate(
    model: GotModel | PeftModel,
    encoder: SampleEncoder,
    records: Sequence[Record],
    max_new_tokens: int,
    batch_size: int,
    stop_past_reference: bool = False,
    lower: str = LOWER,
    beams: int = 1,
    log_probs: bool = False,
) -> Iterator[Answer]:
    """Answers to the last query of each record, in order.

    Args:
        model: on its device, in evaluation mode.
        encoder: makes samples in the same way as in training.
        records: the questions.
        max_new_tokens: most tokens of an answer.
        batch_size: records per batch.
        stop_past_reference: stop answers `RUN_ON_TOKENS` past the longest reference of their batch: a model
            that has not learnt to stop would otherwise take most of the time of an evaluation.
        lower: what to do if a batch does not fit into memory.
        beams: answers of each record that are kept beside each other, of which the likeliest becomes the
            answer; 1 is greedy.
        log_probs: give the tokens of greedy answers, with their probabilities.

    Raises:
        RowError: for a record whose images cannot be read.
        UserError: if a batch does not fit into memory, or an image is not read within `ROW_SECONDS`.
    """
    assert beams == 1 or not log_probs
    for samples in _windows(encoder, records, batch_size * WINDOW_BATCHES):
        answers: dict[int, Answer] = {}
        for batch in _length_sorted_batches(samples, batch_size):
            longest = max(len(samples[index].input_ids) - len(prompt_ids(samples[index])) for index in batch)
            limit = min(max_new_tokens, longest + RUN_ON_TOKENS) if stop_past_reference else max_new_tokens
            asked = [samples[index] for index in batch]
            with naming_memory(partial(_in_words, asked, limit, beams), lower):
                written = _generate_batch(model, encoder, asked, limit, beams=beams, log_probs=log_probs)
            answers |= zip(batch, written, strict=True)
        yield from (answers[index] for index in range(len(samples)))


def _in_words(samples: list[Sample], max_new_tokens: int, beams: int) -> str:
    """A batch of questions by its size."""
    length = max(len(prompt_ids(sample)) for sample in samples)
    tiles = sum(len(sample.tiles) for sample in samples)
    size = f"{len(samples)} x {length:,} tokens, {counted(tiles, 'tile')}"
    each = f"{counted(beams, 'beam')} of " * (beams > 1)
    return f"a batch of questions ({size}) with {each}answers of up to {max_new_tokens:,} tokens"


def _windows(encoder: SampleEncoder, records: Sequence[Record], size: int) -> Iterator[list[Sample]]:
    """Samples of `size` records at a time; the next samples are made while these are answered."""

    def begin(start: int) -> list[Future[Sample]]:
        return [thread.submit(encoder.sample, record) for record in records[start : start + size]]

    thread = ThreadPoolExecutor(1)
    try:
        coming = begin(0)
        for start in range(0, len(records), size):
            # In order: each is waited for when those before are made.
            window = [_made(sample, record) for sample, record in zip(coming, records[start:], strict=False)]
            coming = begin(start + size)
            yield window
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _made(sample: Future[Sample], record: Record) -> Sample:
    try:
        return sample.result(ROW_SECONDS)
    except FutureTimeout:
        raise UserError(
            f"{record.location}: it was not read within {ROW_SECONDS} seconds, perhaps its file system does "
            "not answer"
        ) from None


def _length_sorted_batches(samples: list[Sample], batch_size: int) -> Iterator[list[int]]:
    """Batches of indexes of samples that have about the same length, including references if there are any.

    A batch takes as long as its longest answer. Samples whose answers may repeat themselves (several tiles)
    and those whose answers may not are never in one batch, so that no answer depends on its batch.
    """
    for single in (True, False):
        indexes = [index for index, sample in enumerate(samples) if (len(sample.tiles) <= 1) == single]
        indexes.sort(key=lambda index: len(samples[index].input_ids))
        for start in range(0, len(indexes), batch_size):
            yield indexes[start : start + batch_size]


def stream(
    model: GotModel | PeftModel,
    encoder: SampleEncoder,
    record: Record,
    max_new_tokens: int,
    log_probs: bool = False,
) -> Generator[str, None, Answer]:
    """The answer to a record in pieces, as they are generated; the generator returns the answer as a whole.

    Joined, the pieces are the answer of `generate`. Closing the generator stops the model at its next token.

    Raises:
        RowError: for a record whose images cannot be read.
    """
    sample = encoder.sample(record)
    streamer = _Pieces(encoder.tokenizer)
    with ThreadPoolExecutor(1) as thread:
        batch = partial(_generate_batch, model, encoder, [sample], max_new_tokens, streamer)
        answer = thread.submit(batch, log_probs=log_probs)
        # Without this, the loop below would wait for ever after an error in the thread.
        answer.add_done_callback(lambda done: streamer.end() if done.exception() else None)
        try:
            yield from streamer
        except GeneratorExit:
            streamer.is_stopped = True
            raise
        return answer.result()[0]


class _StoppedError(Exception):
    """Nobody waits for the answer any more."""


class _Pieces(TextIteratorStreamer):
    """The pieces of an answer, which can be stopped from outside."""

    is_stopped = False

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__(tokenizer, skip_prompt=True)
        self._hidden = torch.tensor(sorted(hidden_ids(tokenizer)))

    def put(self, value: torch.Tensor) -> None:
        """Takes a token; raises a `_StoppedError` in the thread of the model if no more are wanted."""
        if self.is_stopped:
            raise _StoppedError
        if not self.next_tokens_are_prompt:
            value = value[~torch.isin(value, self._hidden)]
        super().put(value)


@torch.no_grad()
def _generate_batch(
    model: GotModel | PeftModel,
    encoder: SampleEncoder,
    samples: list[Sample],
    max_new_tokens: int,
    streamer: TextIteratorStreamer | None = None,
    beams: int = 1,
    log_probs: bool = False,
) -> list[Answer]:
    """Answers to samples that all have at most one tile, or all have several."""
    device = next(model.parameters()).device
    tokenizer = encoder.tokenizer
    prompts = [torch.from_numpy(prompt_ids(sample)) for sample in samples]
    length = max(map(len, prompts))
    # Not every architecture limits its positions.
    positions = getattr(model.config.text_config, "max_position_embeddings", length + max_new_tokens)
    if length >= positions:
        raise UserError(f"{length} tokens of images and question: the model has {positions} positions")
    # Padded on the left, so that all answers start at the same position.
    padded = partial(pad_sequence, batch_first=True, padding_side="left")
    input_ids = padded(prompts, padding_value=tokenizer.pad_token_id).to(device)
    attention_mask = padded([torch.ones_like(prompt) for prompt in prompts]).to(device)
    tiles = torch.from_numpy(np.concatenate([sample.tiles for sample in samples])).to(device)
    connected = model.connect(model.encode(normalized(tiles, model.dtype))) if len(tiles) else None
    no_repeat = NO_REPEAT_NGRAM_SIZE if len(samples[0].tiles) <= 1 else 0
    recorder = _Recorder() if log_probs else None
    output = model.generate(
        input_ids=input_ids,
        inputs_embeds=model.embed(input_ids, connected),
        attention_mask=attention_mask,
        do_sample=False,
        num_beams=beams,
        max_new_tokens=min(max_new_tokens, positions - length),
        eos_token_id=tokenizer.convert_tokens_to_ids(MESSAGE_END),
        pad_token_id=tokenizer.pad_token_id,
        streamer=streamer,
        **_rule(no_repeat, recorder),
    )[:, length:]
    texts = answer_texts(tokenizer, output.tolist())
    if recorder is None:
        return list(map(Answer, texts))
    probs = recorder.log_probs(output)
    return [
        Answer(text, _tokens(tokenizer, *row))
        for text, *row in zip(texts, output.tolist(), probs, strict=True)
    ]


def _rule(no_repeat: int, recorder: "_Recorder | None") -> dict[str, Any]:
    """Options of `generate` for the rule against repetition, with a recorder before it if there is one."""
    if recorder is None:
        return {"no_repeat_ngram_size": no_repeat}
    rules = [NoRepeatNGramLogitsProcessor(no_repeat)] if no_repeat else []
    return {"logits_processor": LogitsProcessorList([recorder, *rules]), "no_repeat_ngram_size": 0}


class _Recorder(LogitsProcessor):
    """Keeps the log probability of each token that is taken.

    The logits of all steps, which transformers would keep, are 600 kB a token.
    """

    def __init__(self) -> None:
        self._logits: torch.Tensor | None = None
        self._taken: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._take(input_ids[:, -1])
        self._logits = scores
        return scores

    def log_probs(self, output: torch.Tensor) -> list[list[float]]:
        """Of the tokens `(batch, length)` of finished answers."""
        self._take(output[:, -1])
        return torch.stack(self._taken, dim=1).tolist()

    def _take(self, tokens: torch.Tensor) -> None:
        """Adds what the logits of the step before say of the tokens `(batch,)` that it took."""
        if self._logits is not None:
            chosen = self._logits.gather(1, tokens[:, None]).squeeze(1)
            self._taken.append(chosen - self._logits.logsumexp(1))


def _tokens(tokenizer: PreTrainedTokenizerFast, ids: list[int], log_probs: list[float]) -> tuple[Token, ...]:
    """The tokens of an answer, without the padding after its end."""
    end = tokenizer.convert_tokens_to_ids(MESSAGE_END)
    length = ids.index(end) + 1 if end in ids else len(ids)
    texts = answer_texts(tokenizer, [[token] for token in ids[:length]])
    return tuple(map(Token, texts, log_probs))


def prompt_ids(sample: Sample) -> np.ndarray:
    """The token ids of a sample before its last answer."""
    unsupervised = np.flatnonzero(sample.labels == IGNORE_INDEX)
    return sample.input_ids[: unsupervised[-1] + 1]
