"""ZeRO's optimizer on another number of devices than it was saved on.

DeepSpeed lays the parameters of each group end to end, cuts them into one part for each device, and saves a
part in a file of its own, with what the optimizer keeps for it. It loads them on as many devices only. Here a
device finds the pieces that its own part consists of by `param_slice_mappings`, which says where they lie in
each file. Files are mapped: a device reads what it needs, and keeps nothing else in memory.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from got_train.arguments import zero_section
from got_train.ranks import gather, rank, world_size
from got_train.report import UserError, counted, one_line
from got_train.training.pickles import check_only_data, load_data

WEIGHTS, STATES, LAYOUT = "single_partition_of_fp32_groups", "base_optimizer_state", "param_slice_mappings"
"""What DeepSpeed calls the weights of a part in float32, what the optimizer keeps for them, and where pieces
of parameters lie: for each group, by the parameter's name, `start` and `numel`."""

ZERO, DEEPSPEED, PLAIN = "DeepSpeed's ZeRO", "DeepSpeed without ZeRO", "no DeepSpeed"

OF_THE_RUN = ("loss_scaler", "dynamic_loss_scale", "overflow", "clip_grad")
"""What is the same in all parts, and goes on."""


class Piece(NamedTuple):
    """Elements of a parameter, laid flat, in a part."""

    part: int
    start: int
    """Their place in the part."""
    first: int
    """The number of the first of them in the parameter."""
    numel: int


def optimizer_kind(deepspeed: str | dict[str, Any] | None) -> str:
    """Whose optimizer a run has: DeepSpeed's with ZeRO, DeepSpeed's without, or none of DeepSpeed.

    Args:
        deepspeed: the configuration of DeepSpeed, or its file.
    """
    if deepspeed is None:
        return PLAIN
    return ZERO if zero_section(deepspeed).get("stage") else DEEPSPEED


def part_files(checkpoint: Path) -> list[Path]:
    """The files with the parts of ZeRO's optimizer, by their number; none of any other checkpoint."""
    found = (
        (re.search(r"zero_pp_rank_(\d+)_mp_rank_00_optim_states\.pt$", file.name), file)
        for file in checkpoint.glob("global_step*/*_optim_states.pt")
    )
    return [file for _, file in sorted((int(match[1]), file) for match, file in found if match)]


def check_can_share_out(checkpoint: Path) -> None:
    """Refuses a checkpoint of ZeRO of which parts are missing, or cannot be cut for this launch.

    Raises:
        UserError: with the reason.
    """
    _read_parts(part_files(checkpoint))


def load_checkpoint(engine: Any, checkpoint: str, **options: Any) -> Any:
    """DeepSpeed's `load_checkpoint` for any number of devices.

    Args:
        engine: DeepSpeed's, with an optimizer.
        checkpoint: its folder.
        options: keyword arguments of `DeepSpeedEngine.load_checkpoint`.

    Raises:
        UserError: if the checkpoint cannot be shared out, or would run something.
    """
    check_only_data(Path(checkpoint))
    load = type(engine).load_checkpoint
    files = part_files(Path(checkpoint))
    if not files or len(files) == world_size():
        return load(engine, checkpoint, **options)
    loaded = load(engine, checkpoint, **{**options, "load_optimizer_states": False})
    mine = _shared_out(_read_parts(files), engine.optimizer)
    engine.optimizer.load_state_dict(
        [mine] * world_size(), load_from_fp32_weights=engine.zero_load_from_fp32_weights()
    )
    return loaded


def _read_parts(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The parts of an optimizer, as they were saved.

    Raises:
        UserError: if one is damaged or missing, or holds what cannot be cut.
    """
    parts: list[dict[str, Any]] = []
    for file in files:
        try:
            parts.append(load_data(file)["optimizer_state_dict"])
            _check_part(parts[-1], parts[0], len(files))
        except UserError:
            raise
        except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            # what stands there is not what DeepSpeed writes
            raise UserError(f"resume: {file} is damaged ({one_line(error)})") from error
    return parts


def _check_part(part: dict[str, Any], first: dict[str, Any], count: int) -> None:
    """Refuses a part that cannot be cut.

    Args:
        part: as it was saved.
        first: the first part.
        count: number of parts.

    Raises:
        UserError: if there is state of the optimizer that is neither one value for each weight nor the same
            in all parts.
        ValueError: if it is not one of so many parts, or its pieces lie outside of it.
    """
    if set(part["partition_count"]) != {count}:
        raise ValueError(f"it is one of {part['partition_count']} parts, and {count} are there")
    if count == world_size():
        return  # DeepSpeed loads it as it is
    again = f"only goes on with {counted(count, 'device')}: launch as many"
    if isinstance(part[STATES], list):
        raise UserError(f"resume: an optimizer saved with zero_optimization.elastic_checkpoint {again}")
    groups = zip(part[WEIGHTS], part[LAYOUT], part[STATES]["param_groups"], first[LAYOUT], strict=True)
    for weights, pieces, _, _ in groups:
        for name, piece in pieces.items():
            if not 0 <= piece.start <= piece.start + piece.numel <= len(weights):
                raise ValueError(f"{name} lies outside of it")
    for group, state in part[STATES]["state"].items():
        for name, value in state.items():
            of_first = first[STATES]["state"][group][name]
            if not _is_per_weight(part, group, value) and not bool(torch.as_tensor(value == of_first).all()):
                raise UserError(f"resume: what the optimizer keeps as {name} {again}")


def _is_per_weight(part: dict[str, Any], group: int, value: Any) -> bool:
    """Whether the optimizer keeps a value for each weight, and for the padding."""
    size = len(part[WEIGHTS][group]) + part["group_paddings"][group]
    return isinstance(value, torch.Tensor) and value.shape == (size,)


def _shared_out(parts: Sequence[dict[str, Any]], optimizer: Any) -> dict[str, Any]:
    """The part of this device.

    Args:
        parts: those that were saved.
        optimizer: DeepSpeed's, of this launch.

    Raises:
        UserError: if the parts are of other parameters.
    """
    now = optimizer.state_dict()
    layouts, own_layouts = [part[LAYOUT] for part in parts], gather(now[LAYOUT])
    if _sizes(layouts) != _sizes(own_layouts):
        raise UserError("resume: the checkpoint has the optimizer of other parameters than are trained now")
    weights, states = [], {}
    for group, own in enumerate(optimizer.single_partition_of_fp32_groups):
        saved, wanted = (pieces_of([layout[group] for layout in some]) for some in (layouts, own_layouts))
        cut = partial(cut_anew, saved=saved, wanted=wanted, part=rank(), size=len(own))
        weights.append(cut([part[WEIGHTS][group] for part in parts]))
        states[group] = {
            name: cut([part[STATES]["state"][group][name] for part in parts])
            if _is_per_weight(parts[0], group, value)
            else value
            for name, value in parts[0][STATES]["state"].get(group, {}).items()
        }
    goes_on = {name: parts[0][name] for name in OF_THE_RUN}
    kept = {"state": states, "param_groups": parts[0][STATES]["param_groups"]}
    return {**now, **goes_on, WEIGHTS: weights, STATES: kept}


def pieces_of(layouts: Sequence[Mapping[str, Any]]) -> dict[str, list[Piece]]:
    """The pieces of each parameter, in their order.

    Args:
        layouts: of each part, where the pieces of a group lie.
    """
    found: dict[str, list[Piece]] = {}
    for part, layout in enumerate(layouts):
        for name, piece in layout.items():
            before = found.setdefault(name, [])
            before.append(Piece(part, piece.start, sum(other.numel for other in before), piece.numel))
    return found


def _sizes(layouts: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, int]]:
    """The elements of each parameter in each group, over all parts."""
    groups = zip(*layouts, strict=True)
    return [
        {name: sum(piece.numel for piece in pieces) for name, pieces in pieces_of(group).items()}
        for group in groups
    ]


def cut_anew(
    parts: Sequence[torch.Tensor],
    saved: Mapping[str, Sequence[Piece]],
    wanted: Mapping[str, Sequence[Piece]],
    part: int,
    size: int,
) -> torch.Tensor:
    """One part of a group when it is cut otherwise.

    Args:
        parts: those that it was cut into.
        saved: the pieces in them.
        wanted: the pieces in the parts that it is cut into now.
        part: the number of the part that is made.
        size: its length; what no parameter fills is 0.
    """
    made = torch.zeros(size, dtype=parts[0].dtype)
    for name, pieces in wanted.items():
        for piece in (piece for piece in pieces if piece.part == part):
            for source in saved[name]:
                first = max(piece.first, source.first)
                count = min(piece.first + piece.numel, source.first + source.numel) - first
                if count > 0:
                    found = parts[source.part][source.start + first - source.first :][:count]
                    made[piece.start + first - piece.first :][:count] = found
    return made
