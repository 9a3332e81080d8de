"""Backgrounds: pieces of photographs in changed colours, and synthetic textures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from data_engines.engine import Reject, Rgb, Source
from data_engines.kind import PHOTOS
from data_engines.tools.chance import one_of
from data_engines.tools.files import files_below
from data_engines.tools.packages import packaged
from got_train.packages import package_folder

PHOTO_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MAX_SIDE_PIXELS = 1600
"""Longer side of a photograph in pixels; a larger photograph is made smaller when it is opened."""
MIN_SIDE_PIXELS = 200
"""Shorter side of a usable photograph, in pixels."""
TEXTURE_SHARE = 0.2
"""Share of the backgrounds that are synthetic textures."""
PACKAGED = {
    "astronaut.png": "public domain (NASA)",
    "brick.png": "CC0-1.0",
    "camera.png": "CC0-1.0",
    "chelsea.png": "CC0-1.0",
    "clock_motion.png": "public domain",
    "coffee.png": "CC0-1.0",
    "grass.png": "CC0-1.0",
    "gravel.png": "CC0-1.0",
    "hubble_deep_field.jpg": "public domain (NASA)",
    "rocket.jpg": "public domain (SpaceX)",
}
"""The photographs of scikit-image for which its documentation names a licence."""
WITHOUT_TEXT = tuple(sorted(PACKAGED.keys() - {"astronaut.png", "clock_motion.png", "rocket.jpg"}))
"""Those with no letter or digit on a badge, a dial or a hull."""


@dataclass(frozen=True)
class Background:
    """All that is decided about one background."""

    photo: str | None
    """Path of the photograph; None for a texture."""
    seed: int
    """Seed of the texture."""
    zoom: float
    """Visible share of the photograph along its tighter side; for a texture, its coarseness."""
    place: tuple[float, float]
    """Place of the visible part in the photograph, across and down: 0 is left or top, 1 right or bottom."""
    mirrored: bool
    gains: tuple[float, ...]
    """Factors of red, green and blue."""
    offsets: tuple[float, ...]
    """Levels that are added to red, green and blue."""
    palette: tuple[Rgb, ...]
    """Colours for the darkest, middle and lightest levels of a grey photograph or a texture."""


def find_photos(
    given: Sequence[Path], names: Sequence[str] = tuple(PACKAGED)
) -> tuple[tuple[str, ...], tuple[Source, ...], dict[str, int]]:
    """The photographs in files and folders, or packaged ones; their sources; counts of unusable files.

    Args:
        given: files and folders; empty for packaged ones.
        names: which of the packaged ones.

    Raises:
        ValueError: there is no photograph at all.
        ModuleNotFoundError: the packaged ones are not installed.
    """
    if not given:
        folder = package_folder("skimage") / "data"
        sources = [
            source
            for name in names
            for source in packaged(replace(PHOTOS, what=name, licence=PACKAGED[name]))
        ]
        return tuple(str(folder / name) for name in names), tuple(sources), {}
    photos, left_out = [], Counter[str]()
    for file in [file for path in given for file in files_below(path, PHOTO_ENDINGS)]:
        try:
            with Image.open(file) as photo:
                small = min(photo.size) < MIN_SIDE_PIXELS
        except (OSError, Image.DecompressionBombError):
            left_out["unreadable photo"] += 1
            continue
        if small:
            left_out[f"photo below {MIN_SIDE_PIXELS} pixels"] += 1
        else:
            photos.append(str(file))
    if not photos:
        names = " ".join(map(str, given))
        raise ValueError(
            f"--photos {names}: no photo to use there; give {', '.join(PHOTO_ENDINGS)} files of at least"
            f" {MIN_SIDE_PIXELS} pixels, or folders of them"
        )
    return tuple(photos), tuple(Source(path, str(path)) for path in given), dict(left_out)


def choose_background(rng: np.random.Generator, photos: tuple[str, ...]) -> Background:
    """A piece of one of some photographs, or a texture; without photographs always a texture."""
    brightness, contrast = rng.uniform(-35, 35), rng.uniform(0.7, 1.15)
    # near the greys: a row for each colour
    palette = np.sort(rng.uniform(0, 255, 3))[:, None] + rng.uniform(-30, 30, (3, 3))
    return Background(
        photo=None if rng.random() < TEXTURE_SHARE or not photos else one_of(rng, photos),
        seed=int(rng.integers(2**32)),
        zoom=float(rng.uniform(0.5, 1)),
        place=(float(rng.random()), float(rng.random())),
        mirrored=bool(rng.random() < 0.5),
        gains=tuple((contrast * rng.uniform(0.85, 1.15, 3)).tolist()),
        offsets=tuple((128 * (1 - contrast) + brightness + rng.uniform(-12, 12, 3)).tolist()),
        palette=tuple(map(tuple, np.clip(palette, 0, 255).astype(int).tolist())),
    )


def make_background(background: Background, width: int, height: int) -> Image.Image:
    """The background as an RGB picture of that size.

    Raises:
        Reject: the photograph turns out to be broken.
    """
    if background.photo is None:
        return _color(_make_texture(background, width, height), background.palette)
    photo = open_photo(background.photo)
    scale = background.zoom * min(photo.width / width, photo.height / height)
    left = background.place[0] * (photo.width - scale * width)
    top = background.place[1] * (photo.height - scale * height)
    box = (left, top, left + scale * width, top + scale * height)
    picture = photo.resize((width, height), Image.Resampling.BILINEAR, box=box)
    if background.mirrored:
        picture = ImageOps.mirror(picture)
    if picture.mode == "L":
        return _color(picture, background.palette)
    changed = np.outer(background.gains, np.arange(256)) + np.reshape(background.offsets, (3, 1))
    return picture.point(np.clip(changed, 0, 255).round().astype(int).ravel().tolist())


@lru_cache(maxsize=16)  # room for all packaged photographs; one takes up to 8 MB, in every worker
def open_photo(path: str) -> Image.Image:
    """A photograph, grey or RGB, turned upright, with at most `MAX_SIDE_PIXELS`."""
    try:
        with Image.open(path) as file:
            file.draft("RGB", (MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
            file.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
            photo = ImageOps.exif_transpose(file)
            return photo if photo.mode in ("L", "RGB") else photo.convert("RGB")
    except OSError as error:
        raise Reject("unreadable photo") from error


def _make_texture(background: Background, width: int, height: int) -> Image.Image:
    """Clouds, stains, stripes or grain: noise at several scales, at times stretched in one direction."""
    rng = np.random.default_rng(background.seed)
    stretch = np.exp2(rng.uniform(-3, 3)) if rng.random() < 0.5 else 1.0
    weight, levels = 1.0, np.zeros((height // 2, width // 2), dtype=np.float32)
    for octave in range(1, 7):
        knots = 2**octave / background.zoom
        shape = (max(2, round(knots / stretch)), max(2, round(knots * stretch)))
        coarse = Image.fromarray(rng.random(np.minimum(shape, levels.shape), dtype=np.float32))
        levels += weight * np.asarray(coarse.resize(levels.shape[::-1], Image.Resampling.BICUBIC))
        weight *= rng.uniform(0.3, 0.9)
    levels += 0.15 * rng.random(levels.shape, dtype=np.float32)
    levels = (levels - levels.min()) / (levels.max() - levels.min())
    small = Image.fromarray((255 * levels).astype(np.uint8))
    return small.resize((width, height), Image.Resampling.BILINEAR)


def _color(grey: Image.Image, palette: Sequence[Rgb]) -> Image.Image:
    """A grey picture in the colours of a palette."""
    bands = [np.interp(np.arange(256), (0, 128, 255), levels) for levels in zip(*palette, strict=True)]
    return Image.merge("RGB", [grey.point(band.round().astype(int).tolist()) for band in bands])
