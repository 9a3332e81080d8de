"""What an option of swift's command lines can do here, and the tables' vocabulary."""

from dataclasses import dataclass
from typing import Literal

Version = Literal["2", "4"]
VERSIONS: tuple[Version, ...] = ("2", "4")


@dataclass(frozen=True)
class Option:
    """What one name of a command line does: it sets a key, changes nothing, or is refused."""

    versions: str
    """`2`, `4` or `24`: the versions of swift that have it."""
    key: str = ""
    """The key of a config that its value goes into."""
    decides: str = ""
    """What it decides together with other options, in code."""
    accepted: tuple[str, ...] | None = ()
    """Values that it may have because they change nothing; None for any."""
    reason: str = ""
    """Why it changes nothing, or why other values are refused."""


Options = dict[str, Option]


def sets(versions: str, **keys: str) -> Options:
    return {name: Option(versions, key=key) for name, key in keys.items()}


def decides(versions: str, keys: str, *names: str) -> Options:
    return {name: Option(versions, decides=keys) for name in names}


def unchanged(versions: str, accepted: str | None, reason: str, *names: str) -> Options:
    """Options that change nothing with the accepted values, divided by `|`; with any for None."""
    values = None if accepted is None else tuple(accepted.split("|"))
    return {name: Option(versions, accepted=values, reason=reason) for name in names}


def refused(versions: str, reason: str, *names: str) -> Options:
    return {name: Option(versions, reason=reason) for name in names}


def train_names(versions: str, *names: str) -> Options:
    return {name: Option(versions, key=f"train.{name}") for name in names}


FAMILIES: dict[str, str] = {
    "galore_": "GaLore is not offered",
    "lisa_": "LISA is not offered",
    "lora_ga_": "LoRA-GA is not offered",
    "adalora_": "AdaLoRA is not offered",
    "adapter_": "bottleneck adapters are not offered",
    "boft_": "BOFT is not offered",
    "fourier_": "FourierFT is not offered",
    "hqq_": "4 bits come from bitsandbytes",
    "ia3_": "IA3 is not offered",
    "llamapro_": "LLaMA-Pro is not offered",
    "reft_": "ReFT is not offered",
    "vera_": "VeRA is not offered",
    "swanlab_": "SwanLab reads its settings from the environment; name it with --report_to",
    "decision_": "it is for decision models",
    "ray_": "Ray is not offered",
    "vllm_": "vLLM is not offered",
    "sglang_": "SGLang is not offered",
    "lmdeploy_": "LMDeploy is not offered",
}
"""Beginnings of names that have no meaning here, and why."""


def find_option(name: str, options: Options) -> Option | None:
    """The option of a name, by itself or as one of a family."""
    reasons = [reason for beginning, reason in FAMILIES.items() if name.startswith(beginning)]
    return options.get(name) or (Option("24", reason=reasons[0]) if reasons else None)
