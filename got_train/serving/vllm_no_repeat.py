"""The rule of `infer` against sequences that repeat themselves, for vLLM, which has none."""

from collections.abc import Iterable
from typing import Any

import torch
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

from got_train.vocabulary import TileShape

ARCHITECTURE = "GotOcr2ForConditionalGeneration"

NO_REPEAT = "no_repeat_ngram_size"
"""The setting of `generation_config.json`, and of a request (`vllm_xargs`), where 0 is no rule."""


def tile_tokens(config: Any) -> int:
    """The tokens of one tile; `image_seq_length` of published configurations is wrong."""
    vision = config.vision_config
    return TileShape(vision.image_size, vision.patch_size).num_tokens


class NoRepeat:
    """Forbids tokens that would repeat a sequence of the prompt or the answer, for one request."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.tokens: list[int] = []
        self.after: dict[tuple[int, ...], list[int]] = {}
        """The tokens that have followed each sequence of one token less."""

    def __call__(self, prompt: list[int], answer: list[int], logits: torch.Tensor) -> torch.Tensor:
        """Sets the forbidden logits `(vocabulary,)` to minus infinity."""
        self._grow(prompt if not self.tokens else [])
        self._grow(answer[len(self.tokens) - len(prompt) :])
        forbidden = self.after.get(tuple(self.tokens[len(self.tokens) - self.size + 1 :]), [])
        logits[forbidden] = -torch.inf
        return logits

    def _grow(self, tokens: Iterable[int]) -> None:
        for token in tokens:
            if len(self.tokens) >= self.size - 1:
                before = tuple(self.tokens[len(self.tokens) - self.size + 1 :])
                self.after.setdefault(before, []).append(token)
            self.tokens.append(token)


class NoRepeatOfSingleImages(AdapterLogitsProcessor):
    """The rule of `infer`, which asks of single images alone that nothing be repeated.

    The entry point `vllm.logits_processors`; models that are not GOT's have no such rule.
    """

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        super().__init__(vllm_config, device, is_pin_memory)
        model = vllm_config.model_config
        config = model.hf_config
        self.size, self.image_token, self.tile_tokens = 0, -1, 0
        if ARCHITECTURE in (getattr(config, "architectures", None) or []):
            self.size = int(model.try_get_generation_config().get(NO_REPEAT, 0))
            self.image_token, self.tile_tokens = config.image_token_id, tile_tokens(config)

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Refuses a request with a size that is none.

        Raises:
            ValueError: if it is no whole number from 0.
        """
        size = (sampling_params.extra_args or {}).get(NO_REPEAT, 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(f"{NO_REPEAT} must be a whole number from 0, not {size!r}")

    def is_argmax_invariant(self) -> bool:
        """The most likely token may be one that is forbidden."""
        return False

    def new_req_logits_processor(self, params: Any) -> NoRepeat | None:
        """The rule for a request; None if it has none."""
        size = int((params.extra_args or {}).get(NO_REPEAT, self.size))
        return NoRepeat(size) if size else None

    def _new_state(self, params: Any, prompt_ids: list[int] | None, output_ids: list[int]) -> Any:
        several = (prompt_ids or []).count(self.image_token) > self.tile_tokens
        if several and NO_REPEAT not in (params.extra_args or {}):
            return None
        return super()._new_state(params, prompt_ids, output_ids)
