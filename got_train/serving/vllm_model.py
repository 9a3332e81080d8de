"""What vLLM needs to know of GOT: how many tokens and tiles an image has.

The model is transformers' own, run by vLLM's back end for such models; nothing of it is written again.
"""

from collections.abc import Mapping
from typing import Any

import torch
from vllm import ModelRegistry
from vllm.model_executor.models.transformers import (
    MultiModalDummyInputsBuilder,
    MultiModalProcessingInfo,
    MultiModalProcessor,
    TransformersMultiModalForCausalLM,
)
from vllm.multimodal import MULTIMODAL_REGISTRY
from vllm.multimodal.parse import ImageSize

from got_train.serving.vllm_no_repeat import ARCHITECTURE, tile_tokens


def register() -> None:
    """Makes GOT known to vLLM; the entry point `vllm.general_plugins`."""
    ModelRegistry.register_model(ARCHITECTURE, f"{__name__}:Model")


class Info(MultiModalProcessingInfo):
    """The most tokens that an image takes."""

    def get_max_image_tokens(self) -> int:
        """Of an image with all its tiles and the thumbnail beside them."""
        tiles = int(self.get_hf_processor().image_processor.max_patches) + 1
        return tile_tokens(self.get_hf_config()) * tiles

    def get_image_size_with_most_features(self) -> ImageSize:
        """One tile: without a request for tiles no image has more."""
        side = int(self.get_hf_config().vision_config.image_size)
        return ImageSize(width=side, height=side)


class Processor(MultiModalProcessor):
    """transformers' processor, with the number of tiles of each image."""

    def _get_num_image_patches(
        self, hf_inputs: Mapping[str, Any], mm_data: Mapping[str, object], num_images: int
    ) -> torch.Tensor:
        return hf_inputs["image_replacement_sizes"] // tile_tokens(self.info.get_hf_config())


@MULTIMODAL_REGISTRY.register_processor(Processor, info=Info, dummy_inputs=MultiModalDummyInputsBuilder)
class Model(TransformersMultiModalForCausalLM):
    """transformers' model."""
