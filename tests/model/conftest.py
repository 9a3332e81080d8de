from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from transformers import GotOcr2VisionConfig

from got_train.model import original
from tests.model.original_layout import SHALLOW


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> GotOcr2VisionConfig:
    vision = GotOcr2VisionConfig(**SHALLOW)
    monkeypatch.setattr(original, "ENCODER", vision)
    return vision


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Emptied at once: folders of these tests take gigabytes, and pytest keeps those of three runs."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> GotOcr2VisionConfig:
    """Of the real encoder only the names: seconds become milliseconds."""
    vision = GotOcr2VisionConfig(
        **SHALLOW, hidden_size=64, num_attention_heads=1, mlp_dim=64, output_channels=256
    )
    monkeypatch.setattr(original, "ENCODER", vision)
    return vision
