"""Makes a clean drawing look as scanners, cameras, screens and fax machines show it; answers stay the same.

A picture is of one of four families, each a way from the sheet of paper to the file:

==============  ========================================================================================
`scan`          faded ink, the back of the page showing through, stamps, punched holes; a skew; tinted
                paper, uneven light, the dark side of a book
`photograph`    a sheet on a desk, seen at an angle, curled or folded; light from one side, the shadow of
                a hand or a phone, the spot of a flash
`screen`        a screen seen at an angle, with its pixels, a moiré and a reflection
`fax`           a copy in black and white, ragged, with specks and streaks
==============  ========================================================================================

All end with blur or low resolution, noise, and JPEG once or twice. Most pictures get little of it, a few
much. Nothing is mirrored, cut off or hidden: what `legibility` cannot find again is drawn once more, weaker.

Marks that are no text (stamps, holes, specks, streaks) are drawn only where all that is asked is text, since
elsewhere a line, a dot or a ring may be what is asked; so are copies without colours and greys. Neither is
drawn where a question names a colour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from PIL import Image

from data_engines.engine import Drawing
from data_engines.tools.degrade.capture import (
    add_moire,
    add_noise,
    compress,
    copy,
    show_pixels,
    soften,
    streak,
)
from data_engines.tools.degrade.legibility import legible
from data_engines.tools.degrade.light import cast_shadow, darken_spine, flash, shade
from data_engines.tools.degrade.moves import Move, choose_photograph, choose_screen, choose_turn, move_box
from data_engines.tools.degrade.paper import age, bleed_through, fade, punch_holes, stamp

CHANCE = 0.75
"""Probability of each effect of a scan at full strength."""
MARK_CHANCE = 0.25
"""Probability of each kind of mark at full strength."""
CAPTURED = 0.6
"""Share of the pictures that are no scans at full strength."""
Family = Literal["scan", "photograph", "screen", "fax"]
FAMILIES: tuple[Family, ...] = get_args(Family)
CAPTURES: dict[Family, float] = {"fax": 0.25, "screen": 0.2, "photograph": 0.55}
"""Shares of the families in the pictures that are no scans."""
ATTEMPTS = 3
"""How often a picture is degraded, each time with half the amounts, before it is left as it is."""

Effect = Callable[[Image.Image, float, np.random.Generator], Image.Image]
Seen = tuple[Image.Image, Move | None]
"""A picture, and where its points have gone; None if they are where they were."""


@dataclass(frozen=True)
class Dice:
    """The chance of one picture."""

    rng: np.random.Generator
    likely: float
    """Factor of the probability of each effect, from 0 to 1."""
    severity: float
    """Factor of the amount of each effect, from 0 to 1."""

    def happens(self, chance: float = CHANCE) -> bool:
        return bool(self.rng.random() < chance * self.likely)

    def amount(self) -> float:
        return self.severity * float(self.rng.uniform(0.5, 1))

    def apply(self, picture: Image.Image, effects: Sequence[Effect], chance: float = CHANCE) -> Image.Image:
        for effect in effects:
            if self.happens(chance):
                picture = effect(picture, self.amount(), self.rng)
        return picture


def degrade(
    drawing: Drawing, strength: float, rng: np.random.Generator, families: Sequence[Family] = FAMILIES
) -> Drawing:
    """The drawing as the world would show it; boxes move along with what they enclose.

    `strength` lies between 0, which leaves the drawing unchanged, and 1; the probability and the amount of
    each effect grow with it. The effects of each picture are chosen separately. Where none of the families
    can be drawn, as a fax of what is no text, the picture stays as it is.
    """
    if strength == 0:
        return drawing
    by_color = any(answer.task.color for answer in drawing.answers)
    only_texts = bool(drawing.regions) and not drawing.photograph and not by_color
    seen = [_degrade(picture, strength, only_texts, rng, families) for picture in drawing.pictures]
    pictures, moves = zip(*seen, strict=True)
    drawing = replace(drawing, pictures=pictures)
    move = moves[0]  # only drawings of one picture have boxes
    if move is None:
        return drawing
    boxes = [answer.box and move_box(move, answer.box) for answer in drawing.answers]
    answers = [replace(answer, box=box) for answer, box in zip(drawing.answers, boxes, strict=True)]
    regions = [replace(region, box=move_box(move, region.box)) for region in drawing.regions]
    return replace(drawing, answers=tuple(answers), regions=tuple(regions))


def without_colors(picture: Image.Image) -> Image.Image:
    """The RGB picture, or one channel of it if it is grey, as most pages are: that is faster to process."""
    red, green, blue = (channel.tobytes() for channel in picture.split())
    return picture.getchannel(0) if red == green == blue else picture


def _degrade(
    picture: Image.Image,
    strength: float,
    only_texts: bool,
    rng: np.random.Generator,
    families: Sequence[Family],
) -> Seen:
    clean = without_colors(picture)
    for attempt in range(ATTEMPTS):
        degraded, move = _draw_family(clean, strength / 4**attempt, only_texts, rng, families)
        if degraded is clean or legible(clean, degraded, move):
            return degraded.convert("RGB"), move
    return picture, None


def _draw_family(
    picture: Image.Image,
    strength: float,
    only_texts: bool,
    rng: np.random.Generator,
    families: Sequence[Family],
) -> Seen:
    # a few pictures are much worse than the others
    severity = strength**0.5 * float(0.2 + 0.8 * rng.beta(1, 2))
    scanned = Dice(rng, strength, severity)
    # who takes a photograph can't help most of what a scanner may spare
    captured = Dice(rng, strength**0.5, severity)
    match _choose_family(rng, strength, families, only_texts and picture.mode == "L"):
        case "scan":
            return _scan(picture, scanned, only_texts)
        case "photograph":
            return _photograph(picture, captured, only_texts)
        case "screen":
            return _screen(picture, captured)
        case "fax":
            return _fax(picture, captured)
        case None:
            return picture, None


def _choose_family(
    rng: np.random.Generator, strength: float, families: Sequence[Family], copied: bool
) -> Family | None:
    """One of the families, if there is one for the picture; `copied` says whether a fax may show it."""
    shares: dict[Family, float] = {name: CAPTURED * strength * share for name, share in CAPTURES.items()}
    shares["scan"] = 1 - CAPTURED * strength
    if not copied:
        shares["screen"] += shares.pop("fax")
    shares = {name: share for name, share in shares.items() if name in families}
    place = rng.random() * sum(shares.values())
    for name, share in shares.items():
        if place < share:
            return name
        place -= share
    return name if shares else None


def _scan(picture: Image.Image, dice: Dice, only_texts: bool) -> Seen:
    picture = dice.apply(picture, [fade])
    picture = dice.apply(picture, _marks(only_texts), MARK_CHANCE)
    picture, move = _skew(picture, dice)
    picture = dice.apply(picture, [age])
    picture = dice.apply(picture, [shade] if dice.rng.random() < 0.7 else [darken_spine])
    return dice.apply(picture, [soften, add_noise, compress]), move


def _photograph(picture: Image.Image, dice: Dice, only_texts: bool) -> Seen:
    picture = dice.apply(picture, [fade])
    picture = dice.apply(picture, _marks(only_texts), MARK_CHANCE)
    picture = dice.apply(picture, [age])
    view = choose_photograph(dice.rng, picture.size, dice.amount())
    picture = dice.apply(view.picture(picture), [shade])
    picture = dice.apply(picture, [cast_shadow, flash], CHANCE / 2)
    return dice.apply(picture, [soften, add_noise, compress]), view


def _screen(picture: Image.Image, dice: Dice) -> Seen:
    picture = show_pixels(picture, dice.amount(), dice.rng)
    view = choose_screen(dice.rng, picture.size, dice.amount())
    picture = add_moire(view.picture(picture), dice.amount(), dice.rng)
    return dice.apply(picture, [flash, soften, add_noise, compress]), view


def _fax(picture: Image.Image, dice: Dice) -> Seen:
    picture, move = _skew(picture, dice)
    picture = copy(picture, dice.amount(), dice.rng)
    return dice.apply(picture, [streak, compress]), move


def _skew(picture: Image.Image, dice: Dice) -> Seen:
    if not dice.happens():
        return picture, None
    turn = choose_turn(dice.rng, picture.size, dice.amount())
    return turn.picture(picture), turn


def _marks(only_texts: bool) -> list[Effect]:
    return [bleed_through, stamp, punch_holes] if only_texts else [bleed_through]
