"""The effects that options of swift's command lines can have here, and functions for tables of options."""

from dataclasses import dataclass
from typing import Any, Literal

Version = Literal["2", "4"]

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

SPELLINGS = {"both": "24", "v2": "2", "v4": "4"}
"""How the functions below call the versions that have an option."""


def sets(key: str, **names: str) -> Options:
    """Options that set one key alone. As in all these tables, spaces separate names: `both="seed optim"`."""
    return _options(names, key=key)


def decides(keys: str, **names: str) -> Options:
    return _options(names, decides=keys)


def unchanged(accepted: str | None, reason: str, **names: str) -> Options:
    """Options without an effect, for accepted values separated by `|`, or for any value if None."""
    return _options(names, accepted=None if accepted is None else tuple(accepted.split("|")), reason=reason)


def refused(reason: str, **names: str) -> Options:
    return _options(names, reason=reason)


def _options(names: dict[str, str], **effect: Any) -> Options:
    return {
        name: Option(SPELLINGS[spelling], **effect)
        for spelling, listed in names.items()
        for name in listed.split()
    }


LAZY = "rows are encoded as they are read, and nothing is kept"
PACKED = "rows are padded to the longest of a batch; train.tokens_per_batch of a config fills batches"
ONE_DEVICE = "one device holds the whole model"
OWN_CODE = "no code outside got-train is run"
NO_THINKING = "GOT does not think first"
HUB_CACHE = "the hub's cache does this"
NO_RAY = "Ray is not offered, torchrun starts the processes"
NO_SETTINGS = "GOT has no such settings"
READ_AS_NEEDED = "rows are read from files as they are needed"
NEWEST = "the newest revision is loaded: for another one, download it and name its folder as the model"
SAFETENSORS = "weights are written as safetensors"

COMMON: Options = {
    **unchanged("swift", "prompts are written in swift's own chat template", v4="template_backend"),
    **unchanged("true", "prompts are always in a chat template", v4="use_chat_template"),
    **unchanged("causal_lm", "GOT writes text", v4="task_type"),
    **decides("the hub (USE_HF)", v4="use_hf"),
    **decides("sample.system", both="system"),
    **unchanged(None, "the attention kernel is chosen by the model", v2="use_flash_attn", v4="attn_impl"),
    **unchanged(None, OWN_CODE, both="local_repo_path"),
    **unchanged(None, HUB_CACHE, v2="model_cache_dir"),
    **unchanged("false", "unknown options are always errors", both="ignore_args_error"),
    **unchanged(None, "no such device is used", v4="enable_npu_model_patch"),
    **unchanged(None, LAZY, v4="load_from_cache_file"),
    **unchanged("reuse_dataset_if_exists", HUB_CACHE, v4="download_mode"),
    **unchanged(None, "keys that no sample needs are not read", v4="remove_unused_columns"),
    **unchanged("false", "keys of rows are always recognised", v4="disable_auto_column_mapping"),
    **unchanged(None, "images become tiles of 1024 x 1024 pixels", v4="max_pixels"),
    **unchanged("norm1000", "boxes are thousandths of the image", v4="norm_bbox"),
    **unchanged(None, PACKED, v4="padding_free packing_num_proc packing_strategy"),
    **unchanged("false", NO_RAY, v4="use_ray"),
    **refused(NO_RAY, v4="device_groups"),
    **unchanged(None, "only self-cognition rows have a place for it", both="model_name model_author"),
    **unchanged("true", SAFETENSORS, both="safe_serialization", v2="save_safetensors"),
    **unchanged(None, "the weights fit into one file", v4="max_shard_size"),
    **unchanged("main|master", NEWEST, both="model_revision"),
    **refused("log in with `hf auth login`", both="hub_token"),
    **refused(ONE_DEVICE, v2="device_map_config device_map_config_path device_max_memory"),
    **refused(ONE_DEVICE, v4="device_map max_memory"),
    **refused(OWN_CODE, both="custom_register_path", v4="external_plugins"),
    **refused(NO_SETTINGS, both="model_kwargs rope_scaling", v4="experts_impl num_labels problem_type"),
    **refused("the vocabulary is kept as it is", v4="new_special_tokens"),
    **refused("name a whole checkpoint", v4="init_strategy"),
    **refused(PACKED, v4="packing_length"),
    **refused(READ_AS_NEEDED, v4="shuffle_buffer_size"),
    **refused("self-cognition rows are not offered", v2="self_cognition_sample"),
    **refused("it is for agents", v2="tools_prompt", v4="agent_template"),
    **refused(NO_THINKING, v4="add_non_thinking_prefix enable_thinking preserve_thinking"),
    **refused(NO_THINKING, v4="disable_ignore_empty_think"),
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
