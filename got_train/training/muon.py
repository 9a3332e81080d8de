"""Muon for the matrices inside layers, and AdamW for all other weights, as one optimizer.

Muon (Jordan et al., 2024; at scale: Liu et al., arXiv 2502.16982) makes the update of a matrix orthogonal.
Its steps are scaled to be as large as AdamW's, so that both have the same learning rate.
"""

from collections.abc import Callable, Iterable
from typing import Any

from torch.optim import AdamW, Muon, Optimizer

MATRICES = "matrices"
"""Key of a parameter group: whether Muon has it."""


class MuonWithAdamW(Optimizer):
    """An optimizer of two parts; it has the parameter groups of both."""

    def __init__(self, params: Iterable[dict[str, Any]], lr: float, **adamw: Any) -> None:
        """Makes the parts that have parameters.

        Args:
            params: groups, which say with `MATRICES` whether they are Muon's.
            lr: learning rate of groups without one.
            adamw: further settings of AdamW.
        """
        groups = list(params)
        super().__init__(groups, {"lr": lr})
        split: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for group in groups:
            split[group[MATRICES]].append(group)
        self._parts: dict[str, Optimizer] = {}
        if split[True]:
            self._parts["muon"] = Muon(split[True], lr=lr, adjust_lr_fn="match_rms_adamw")
        if split[False]:
            self._parts["adamw"] = AdamW(split[False], lr=lr, **adamw)
        self._share_groups()

    def _share_groups(self) -> None:
        """Takes over the groups of the parts: who changes their learning rate changes it there."""
        self.param_groups = [group for part in self._parts.values() for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """A step of both parts."""
        assert closure is None
        for part in self._parts.values():
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """The states of the parts by their names."""
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what `state_dict` has given."""
        for name, part in self._parts.items():
            part.load_state_dict(state_dict[name])
        self._share_groups()
