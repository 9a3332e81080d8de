"""What `--device` names is there, or a line says so."""

import pytest
import torch

from got_train.model.devices import check_device
from got_train.report import UserError


@pytest.mark.parametrize(
    ("name", "gpus", "message"),
    [
        ("cuda:9", 0, "--device cuda:9: torch sees 0 GPUs on this machine: write cpu, or leave it out"),
        ("cuda", 0, "--device cuda: torch sees 0 GPUs on this machine: write cpu, or leave it out"),
        ("cuda:2", 2, "--device cuda:2: torch sees 2 GPUs on this machine: they go up to cuda:1"),
        ("gpu", 1, "--device gpu is none: write cpu, cuda, or cuda:1 for the second GPU"),
        (
            "meta",
            1,
            "--device meta cannot be used here (Cannot copy out of meta tensor; no data!): write cpu, or "
            "leave it out",
        ),
    ],
)
def test_a_device_that_is_not_there_is_one_line(
    name: str, gpus: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(UserError) as caught:
        check_device(name)
    assert str(caught.value) == message
    check_device("cpu")
