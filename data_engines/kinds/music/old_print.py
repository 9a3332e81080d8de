"""The look of old prints: ink that has spread, staves that are not quite straight, and old paper."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from data_engines.tools.degrade.legibility import legible
from data_engines.tools.degrade.paper import age

STRIP = 48
"""Width in pixels of the strips in which a page is bent; within a strip, lines stay straight."""
SOFTNESS = 90.0
"""Levels over which a blurred edge goes from ink to paper."""
SHARES = (1.0, 0.75, 0.5, 0.25)
"""Shares of its work that the press does: less where more would close a gap or lose a line."""
MAX_LEVEL = 210.0
"""Highest level that may be ink: above it, paper would turn grey."""
GRAIN = 14.0
"""Largest change of a level by the grain of the paper."""


@dataclass(frozen=True)
class OldPrint:
    spread: float
    """Level below which blurred ink stays ink; a higher one makes lines and heads fatter."""
    blur: float
    """Radius of the blur in pixels."""
    unevenness: float
    """Levels by which `spread` differs between places with much and little ink."""
    sag: float
    """Pixels by which staves lie above and below a straight line."""
    age: float
    """From 0, new paper, to 1, yellow paper with a grain."""
    seed: int


def choose_old_print(rng: np.random.Generator) -> OldPrint:
    return OldPrint(
        spread=float(rng.uniform(160, 195)),
        blur=float(rng.uniform(0.35, 0.6)),
        unevenness=float(rng.uniform(5, 20)),
        sag=float(rng.uniform(0.0, 2.5)),
        age=float(rng.uniform(0.1, 0.6)),
        seed=int(rng.integers(2**32)),
    )


def bend(page: Image.Image, look: OldPrint) -> Image.Image:
    """A grey page whose lines sag and rise a little, each as the ones above it."""
    rng = np.random.default_rng(look.seed)
    edges = [*range(0, page.width, STRIP), page.width]
    waves, phases = rng.uniform(0.5, 2.5, 2), rng.uniform(0, 2 * np.pi, 2)
    turns = 2 * np.pi * np.outer(np.array(edges) / page.width, waves) + phases
    shifts = (look.sag / 2 * np.sin(turns).sum(axis=1)).tolist()
    mesh = []
    for left, right, before, after in zip(edges[:-1], edges[1:], shifts[:-1], shifts[1:], strict=True):
        corners = (left, before, left, page.height + before, right, page.height + after, right, after)
        mesh.append(((left, 0, right, page.height), corners))
    return page.transform(page.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC, fillcolor=255)


def press(page: Image.Image, look: OldPrint) -> Image.Image:
    """A grey page as a press printed it: with more ink in some places, as far as it stays legible."""
    rng = np.random.default_rng([look.seed, 1])
    blurred = np.asarray(page.filter(ImageFilter.GaussianBlur(look.blur)), dtype=np.float32)
    # blots of about forty pixels, and a grain of two
    shape = tuple(max(2, side // 40) for side in page.size[::-1])
    blots = Image.fromarray(rng.uniform(-1, 1, shape).astype(np.float32))
    fine = Image.frombytes(
        "L", (page.width // 2, page.height // 2), rng.bytes((page.width // 2) * (page.height // 2))
    )
    ink = look.spread + look.unevenness * np.asarray(blots.resize(page.size, Image.Resampling.BICUBIC))
    ink += (np.asarray(fine.resize(page.size, Image.Resampling.BILINEAR), dtype=np.float32) / 128 - 1) * GRAIN
    ink = np.minimum(ink, MAX_LEVEL)
    worn = Image.fromarray((255 * np.clip((blurred - ink) / SOFTNESS + 0.5, 0, 1)).astype(np.uint8))
    tries = (Image.blend(page, worn, share) for share in SHARES)
    return next((tried for tried in tries if is_clear(page, tried)), page)


def is_clear(page: Image.Image, printed: Image.Image) -> bool:
    """Whether a grey page can be read in print: the heads of half notes are hollow, and no line is lost."""
    # at twice the size, tiles of six pixels are compared, which hold little more than the head of a note
    size = page.width * 2, page.height * 2
    before, after = (side.resize(size, Image.Resampling.NEAREST) for side in (page, printed))
    return legible(before, after, move=None)


def on_old_paper(picture: Image.Image, look: OldPrint) -> Image.Image:
    return age(picture, look.age, np.random.default_rng([look.seed, 2]))
