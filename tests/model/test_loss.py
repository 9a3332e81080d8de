import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from got_train.model import loss
from got_train.model.loss import head_loss

VOCABULARY = 50


def given(positions: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    hidden = torch.randn(positions, 8, requires_grad=True)
    head = torch.randn(VOCABULARY, 8, requires_grad=True)
    return hidden, head, torch.randint(0, VOCABULARY, (positions,))


@pytest.mark.parametrize("positions_at_once", [1, 3, 7, 100])
def test_losses_and_gradients_are_those_of_the_whole_matrix(
    positions_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "CHUNK_LOGITS", positions_at_once * VOCABULARY)
    hidden, head, targets = given()
    summed, each = head_loss(hidden, head, targets)
    (summed / 3).backward()
    gradients = hidden.grad, head.grad
    hidden.grad = head.grad = None
    expected = functional.cross_entropy(hidden @ head.T, targets, reduction="none")
    (expected.sum() / 3).backward()
    assert torch.allclose(each, expected, rtol=1e-6)
    assert summed.item() == pytest.approx(expected.sum().item(), rel=1e-6)
    assert torch.allclose(gradients[0], hidden.grad, atol=1e-6)
    assert torch.allclose(gradients[1], head.grad, atol=1e-6)
    assert not each.requires_grad


def test_an_answer_of_no_probability_has_a_loss_and_not_infinity() -> None:
    hidden, head, targets = given()
    summed, each = head_loss(hidden * 1000, head, targets)
    summed.backward()
    expected = functional.cross_entropy(hidden * 1000 @ head.T, targets, reduction="none")
    assert expected.max() > 1000  # e^-1000 is 0 in float32
    assert torch.allclose(each, expected, rtol=1e-6)
    assert hidden.grad is not None and hidden.grad.isfinite().all()


def test_under_autocast_the_product_alone_is_rounded() -> None:
    hidden, head, targets = given()
    with torch.autocast("cpu", torch.bfloat16):
        summed, each = head_loss(hidden, head, targets)
        summed.backward()
        gradients = hidden.grad, head.grad
        hidden.grad = head.grad = None
        expected = functional.cross_entropy((hidden @ head.T).float(), targets, reduction="sum")
        expected.backward()
    assert each.dtype == torch.float32
    assert summed.item() == pytest.approx(expected.item(), rel=1e-6)
    assert gradients[0].dtype == gradients[1].dtype == torch.float32
    assert torch.allclose(gradients[0], hidden.grad, rtol=1e-2, atol=1e-2)
    assert torch.allclose(gradients[1], head.grad, rtol=1e-2, atol=1e-2)


def test_the_gradient_of_a_bfloat16_head_is_summed_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = []
    for at_once in (200, 1):
        monkeypatch.setattr(loss, "CHUNK_LOGITS", at_once * VOCABULARY)
        hidden, head, targets = given(positions=200)
        functional.cross_entropy(hidden @ head.T, targets, reduction="sum").backward()
        rounded = [tensor.detach().bfloat16().requires_grad_() for tensor in (hidden, head)]
        head_loss(*rounded, targets)[0].backward()
        assert rounded[1].grad is not None and rounded[1].grad.dtype == torch.bfloat16
        errors.append(float((rounded[1].grad - head.grad).norm() / head.grad.norm()))
    # 200 sums in bfloat16 would bring an error of their own; the products are rounded in both.
    assert errors[1] < 1.2 * errors[0]


def test_a_frozen_head_gets_no_gradient_and_costs_none() -> None:
    hidden, head, targets = given()
    summed, _ = head_loss(hidden, head.requires_grad_(False), targets)
    kept = [tensor for tensor in summed.grad_fn.saved_tensors if tensor is not None]
    assert [tensor.shape for tensor in kept] == [hidden.shape]
    summed.backward()
    assert head.grad is None and hidden.grad.any()


def test_without_gradients_there_are_losses_alone() -> None:
    hidden, head, targets = given()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        summed, each = head_loss(hidden, head, targets)
    assert counter.get_total_flops() == 2 * hidden.numel() * VOCABULARY
    assert summed.item() == pytest.approx(each.sum().item()) and not summed.requires_grad


def test_no_supervised_position_is_a_loss_of_zero() -> None:
    hidden, head, targets = given(positions=0)
    summed, each = head_loss(hidden, head, targets)
    summed.backward()
    assert summed.item() == 0 and len(each) == 0
    assert head.grad is not None and not head.grad.any()
