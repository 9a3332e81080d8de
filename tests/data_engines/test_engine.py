"""What becomes of samples that can't be drawn."""

import gc
import weakref

from PIL import Image

from data_engines.engine import Drawing, Reject, one_by_one
from got_train.tex.errors import TexError


def test_what_a_rejected_sample_drew_is_not_kept_with_its_cause() -> None:
    drawn: list[weakref.ref[Image.Image]] = []

    @one_by_one
    def render(cause: Exception) -> Drawing:
        picture = Image.new("RGB", (8, 8))
        drawn.append(weakref.ref(picture))
        try:
            raise ValueError("as deep as it may be")
        except ValueError as error:
            raise cause from error

    causes = [Reject("hidden"), TexError("no such command"), KeyError("face")]
    # each exception is made by the engine: nothing else holds it
    rejects = list(render([causes.pop(0) for _ in range(3)]))
    gc.collect()
    assert [str(reject) for reject in rejects] == ["hidden", "no such command", "KeyError: 'face'"]
    assert [picture() for picture in drawn] == [None] * 3


def test_a_drawing_is_made_when_it_is_asked_for() -> None:
    """The pictures of a whole batch would take much memory: those of `multi-page` had half a gigabyte."""
    drawn = []

    @one_by_one
    def render(spec: str) -> Drawing:
        drawn.append(spec)
        return Drawing((Image.new("RGB", (8, 8)),), ())

    drawings = render(["first", "second"])
    next(drawings)
    assert drawn == ["first"]
