"""An alphabet of image tokens: a learned vector for each character in each slot of a token.

A token of a line of text shows a few characters. Written, it is the sum of the vectors of the characters in
its slots. Read, it says of each slot how well every vector fits it. Two losses read the tokens of pictures:
characters at their places, and CTC (Graves et al., "Connectionist Temporal Classification", 2006) along each
row of tokens. By them the encoder learns to write what the decoder can read, before the decoder has found its
way to the picture; and from written tokens the decoder learns to read without any picture.

Characters are the bytes of UTF-8, so that the alphabet does not depend on a tokenizer.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from got_train.vocabulary import BLANK, SLOTS

SHARPNESS = 8.0
"""Factor of the logits: a vector has about length 1, and the characters of a token should stand out."""
BLANK_BIAS = 3.0
"""Logit that empty slots start with, as most are empty."""
BLANK_WEIGHT = 0.3
"""Weight of an empty slot beside one with a character."""
WRITTEN_NOISE = 0.5
"""Length of the noise on written tokens, beside that of a vector: tokens of pictures have noise, too."""


class Alphabet(nn.Module):
    """The vectors of all characters."""

    def __init__(self, width: int) -> None:
        """Draws the vectors.

        Args:
            width: of image tokens as the decoder sees them.
        """
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(SLOTS, BLANK + 1, width) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(SLOTS, BLANK + 1))
        with torch.no_grad():
            self.vectors[:, BLANK] = 0.0
            self.bias[:, BLANK] = BLANK_BIAS

    def read(self, tokens: Tensor) -> Tensor:
        """What tokens say: logits `(tiles, tokens * SLOTS, BLANK + 1)` of `(tiles, tokens, width)`."""
        fits = torch.einsum("ntw,scw->ntsc", tokens, self.vectors)
        return (fits * SHARPNESS + self.bias).flatten(1, 2)

    def write(self, slots: Tensor) -> Tensor:
        """Tokens `(tiles, tokens, width)` that say `(tiles, tokens * SLOTS)`, with some noise."""
        characters = slots.unflatten(1, (-1, SLOTS))
        vectors = self.vectors[torch.arange(SLOTS, device=slots.device), characters]
        tokens = (vectors * (characters != BLANK)[..., None]).sum(2)
        return tokens + torch.randn_like(tokens) * (WRITTEN_NOISE * tokens.shape[-1] ** -0.5)


def slot_loss(logits: Tensor, slots: Tensor) -> Tensor:
    """The summed cross-entropy of all slots.

    Args:
        logits: `(tiles, slots of a tile, BLANK + 1)`, as `Alphabet.read` gives them.
        slots: int64, `(tiles, slots of a tile)`.
    """
    weights = torch.ones(BLANK + 1, device=logits.device)
    weights[BLANK] = BLANK_WEIGHT
    return functional.cross_entropy(logits.flatten(0, 1).float(), slots.flatten(), weights, reduction="sum")


def ctc_loss(logits: Tensor, slots: Tensor, rows: int) -> Tensor:
    """The summed CTC loss of each row of tokens: its text, wherever along the row its characters stand.

    Args:
        logits: `(tiles, slots of a tile, BLANK + 1)`.
        slots: int64, `(tiles, slots of a tile)`: their characters are the text.
        rows: rows of tokens of a tile.
    """
    lines, texts = logits.unflatten(1, (rows, -1)).flatten(0, 1), slots.unflatten(1, (rows, -1)).flatten(0, 1)
    is_character = texts != BLANK
    return functional.ctc_loss(
        lines.float().log_softmax(-1).transpose(0, 1),
        texts[is_character],
        torch.full((len(texts),), texts.shape[1]),
        is_character.sum(1),
        blank=BLANK,
        reduction="sum",
        zero_infinity=True,
    )
