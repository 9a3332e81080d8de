"""Train, fine-tune, merge and use GOT-OCR2.0-style models.

>>> from got_train import Got
>>> text = Got.from_pretrained("output/mine").chat("page.png", "format")  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from got_train.inference.chat import Got

__all__ = ["Got"]


def __getattr__(name: str) -> Any:
    # `got-train --help` should not wait for torch.
    if name != "Got":
        raise AttributeError(f"module got_train has no {name}")
    from got_train.bitsandbytes_import import bitsandbytes_hidden

    with bitsandbytes_hidden():
        from got_train.inference.chat import Got

    return Got
