"""Facts of GOT-OCR2.0 that other files read only from here: tokens, their ids, and the shape of tiles.

Sources: "General OCR Theory" (arXiv 2409.01704), the released checkpoint's configuration and tokenizer.
"""

from dataclasses import dataclass

END_OF_TEXT = "<|endoftext|>"
MESSAGE_START = "<|im_start|>"
MESSAGE_END = "<|im_end|>"
IMAGE_START = "<img>"
IMAGE_END = "</img>"
IMAGE_PAD = "<imgpad>"
REF_START = "<ref>"
REF_END = "</ref>"
BOX_START = "<box>"
BOX_END = "</box>"

SPECIAL_TOKENS: tuple[str, ...] = (
    END_OF_TEXT,
    MESSAGE_START,
    MESSAGE_END,
    *(f"<|extra_{i}|>" for i in range(205)),
    REF_START,
    REF_END,
    BOX_START,
    BOX_END,
    "<quad>",
    "</quad>",
    IMAGE_START,
    IMAGE_END,
    IMAGE_PAD,
)
"""The special tokens in the order of their ids, which follow the 151,643 ranks of `qwen.tiktoken`."""

PROMPT_TOKENS: tuple[str, ...] = (END_OF_TEXT, MESSAGE_START, MESSAGE_END, IMAGE_START, IMAGE_END, IMAGE_PAD)
"""Tokens that every prompt needs. They are added to the tokenizer of any other decoder that lacks them."""

BOX_TOKENS: tuple[str, ...] = (REF_START, REF_END, BOX_START, BOX_END)
"""Tokens of answers that say where a text stands (`got_train.markup.boxes`): 151851 to 151854 in Qwen's
vocabulary. Unlike the other special tokens they are a part of what is read."""

QWEN_SPECIAL_IDS: dict[str, int] = {
    END_OF_TEXT: 151643,
    MESSAGE_START: 151644,
    MESSAGE_END: 151645,
    IMAGE_START: 151857,
    IMAGE_END: 151858,
    IMAGE_PAD: 151859,
}
"""Ids in the Qwen vocabulary; the released code and checkpoint hard-code the last three."""

IGNORE_INDEX = -100

SLOTS = 6
"""Characters that an image token has room for, where auxiliary losses read them off it."""

BLANK = 256
"""What an empty slot holds; characters are the bytes of UTF-8."""

TILE_SIZE = 1024
"""Side of the square image that the full-size encoder takes, in pixels."""

PATCH_SIZE = 16
"""Side of the full-size encoder's patches, in pixels."""

ENCODER_STRIDE = 4
"""Each of the encoder's two last convolutions halves the grid of patches on each side."""

ENCODER_CHANNELS = 1024
"""Width of the encoder's output in every stage of the full-size recipe."""

MAX_TILES = 12
"""Most tiles that an image is cut into, not counting the thumbnail."""

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)


def tokens_per_tile(image_size: int, patch_size: int) -> int:
    """Number of decoder positions of one tile: 256 for 1024-pixel tiles with 16-pixel patches."""
    stride = patch_size * ENCODER_STRIDE
    if image_size % stride:
        raise ValueError(
            f"image_size {image_size} is not a multiple of {stride} "
            f"(patch_size {patch_size} x {ENCODER_STRIDE})"
        )
    return (image_size // stride) ** 2


@dataclass(frozen=True)
class TileShape:
    """The square images that an encoder takes; by default those of the full-size recipe."""

    image_size: int = TILE_SIZE
    """Side in pixels."""
    patch_size: int = PATCH_SIZE
    """Side of a patch in pixels."""

    @property
    def num_tokens(self) -> int:
        """Decoder positions of one tile."""
        return tokens_per_tile(self.image_size, self.patch_size)
