"""What `got-train demo` does without a model."""

from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="pip install 'got-train[demo]'")

from got_train.cli import main  # noqa: E402
from got_train.demo.command_line import SMALL_MODELS, _small_model  # noqa: E402
from got_train.nano_release import RELEASE  # noqa: E402


def test_the_weights_of_nano_go_before_the_quickstarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SMALL_MODELS[:2] == (RELEASE, f"output/nano/{RELEASE}")
    monkeypatch.chdir(tmp_path)
    for model in reversed(SMALL_MODELS):
        (tmp_path / model).mkdir(parents=True)
        assert _small_model() == model


def test_without_any_it_asks_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(["demo"])
    assert caught.value.code == 2
    assert (
        "demo: name a MODEL, or run `got-train quickstart`: none of got-nano, output/nano/got-nano, "
        "output/quickstart/merged is here" in capsys.readouterr().err
    )
