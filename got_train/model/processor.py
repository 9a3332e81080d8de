"""transformers' own processor of a model, saved with the weights so that other programs can use the model."""

from transformers import GotOcr2Config, GotOcr2Processor, PreTrainedTokenizerFast
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD


def build_processor(config: GotOcr2Config, tokenizer: PreTrainedTokenizerFast) -> GotOcr2Processor:
    """A processor for the model's image size; the class defaults (384 pixels) are not GOT's."""
    size = config.vision_config.image_size
    image_processor = GotOcr2ImageProcessorPil(
        size={"height": size, "width": size}, image_mean=list(IMAGE_MEAN), image_std=list(IMAGE_STD)
    )
    return GotOcr2Processor(image_processor=image_processor, tokenizer=tokenizer)
