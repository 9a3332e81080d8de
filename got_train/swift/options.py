"""The effects that options of swift's command lines can have here, and functions for tables of options."""

from dataclasses import dataclass
from typing import Literal

Version = Literal["2", "4"]
VERSIONS: tuple[Version, ...] = ("2", "4")

MODEL_TYPES: dict[str, Version] = {"got-ocr2": "2", "got_ocr2": "4", "got_ocr2_hf": "4"}
"""swift's names for this model, which are also names of its templates, and the version with each name."""
TEMPLATES = "|".join(MODEL_TYPES)


@dataclass(frozen=True)
class Option:
    """The effect of an option: it sets a key, has no effect, or is refused."""

    versions: str
    """The versions of swift that have the option: `2`, `4`, or `24` for both."""
    key: str = ""
    """The config key that gets the option's value."""
    decides: str = ""
    """What the option decides together with others, in code."""
    accepted: tuple[str, ...] | None = ()
    """Values that are accepted because they have no effect; None if any value is."""
    reason: str = ""
    """Why the option has no effect, or why other values are refused."""


Options = dict[str, Option]


def sets(versions: str, **keys: str) -> Options:
    return {name: Option(versions, key=key) for name, key in keys.items()}


def decides(versions: str, keys: str, *names: str) -> Options:
    return {name: Option(versions, decides=keys) for name in names}


def unchanged(versions: str, accepted: str | None, reason: str, *names: str) -> Options:
    """Options without an effect, for accepted values separated by `|`, or for any value if None."""
    values = None if accepted is None else tuple(accepted.split("|"))
    return {name: Option(versions, accepted=values, reason=reason) for name in names}


def refused(versions: str, reason: str, *names: str) -> Options:
    return {name: Option(versions, reason=reason) for name in names}


def train_names(versions: str, *names: str) -> Options:
    return {name: Option(versions, key=f"train.{name}") for name in names}


LAZY = "rows are encoded as they are read, and nothing is kept"
PACKED = "rows are padded to the longest of a batch; packing is not offered"
ONE_DEVICE = "one device holds the whole model"
OWN_CODE = "no code outside got-train is run"
NO_THINKING = "GOT does not think first"

COMMON: Options = {
    **unchanged("4", "swift", "prompts are written in swift's own chat template", "template_backend"),
    **unchanged("4", "true", "prompts are always in a chat template", "use_chat_template"),
    **unchanged("4", "causal_lm", "GOT writes text", "task_type"),
    **unchanged("4", "true", "models and data sets come from Hugging Face, not from ModelScope", "use_hf"),
    **unchanged("2", None, "the attention kernel is chosen by the model", "use_flash_attn"),
    **unchanged("4", None, "the attention kernel is chosen by the model", "attn_impl"),
    **unchanged("24", None, OWN_CODE, "local_repo_path"),
    **unchanged("2", None, "the hub's cache does this", "model_cache_dir"),
    **unchanged("24", "false", "unknown options are always errors", "ignore_args_error"),
    **unchanged("4", None, "no such device is used", "enable_npu_model_patch"),
    **refused("24", "download the revision and name its folder as the model", "model_revision"),
    **refused("24", "log in with `hf auth login`", "hub_token"),
    **refused("2", ONE_DEVICE, "device_map_config", "device_map_config_path", "device_max_memory"),
    **refused("4", ONE_DEVICE, "device_map", "max_memory"),
    **refused("24", OWN_CODE, "custom_register_path"),
    **refused("4", OWN_CODE, "external_plugins"),
    **refused("24", "GOT has no such settings", "model_kwargs", "rope_scaling"),
    **refused("4", "GOT has no such settings", "experts_impl", "num_labels", "problem_type"),
    **refused("4", "the vocabulary is kept as it is", "new_special_tokens"),
    **refused("4", "name a whole checkpoint", "init_strategy"),
    **unchanged("4", None, LAZY, "load_from_cache_file"),
    **unchanged("4", "reuse_dataset_if_exists", "the hub's cache does this", "download_mode"),
    **unchanged("4", None, "keys that no sample needs are not read", "remove_unused_columns"),
    **unchanged("4", "false", "keys of rows are always recognised", "disable_auto_column_mapping"),
    **unchanged("4", None, "images become tiles of 1024 x 1024 pixels", "max_pixels"),
    **unchanged("4", "norm1000", "boxes are thousandths of the image", "norm_bbox"),
    **unchanged("4", "false", PACKED, "padding_free"),
    **refused("4", PACKED, "packing_length", "packing_num_proc", "packing_strategy"),
    **refused("4", "rows are read from files as they are needed", "shuffle_buffer_size"),
    **unchanged("24", None, "only self-cognition rows have a place for it", "model_name", "model_author"),
    **refused("2", "self-cognition rows are not offered", "self_cognition_sample"),
    **refused("4", "it is for agents", "agent_template"),
    **refused("2", "it is for agents", "tools_prompt"),
    **refused("4", NO_THINKING, "add_non_thinking_prefix", "enable_thinking"),
    **refused("4", NO_THINKING, "preserve_thinking", "disable_ignore_empty_think"),
    **unchanged("2", "true", "weights are written as safetensors", "save_safetensors"),
    **unchanged("24", "true", "weights are written as safetensors", "safe_serialization"),
    **unchanged("4", None, "the weights fit into one file", "max_shard_size"),
}
"""The options that `sft`, `infer` and `export` share, with the same effect in all three."""

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
"""Prefixes of options that are refused, and why."""


def find_option(name: str, options: Options) -> Option | None:
    """The option of a name, from the table or by its prefix; None if swift has no such option."""
    reasons = [reason for beginning, reason in FAMILIES.items() if name.startswith(beginning)]
    return options.get(name) or (Option("24", reason=reasons[0]) if reasons else None)
