"""The options of `swift sft`, the effect of each here, and swift's defaults by version.

The names are those of `SftArguments` in swift 2.6 and 4.6, and `train_type` of swift 3. Options of swift 4
that are not listed here, but are fields of `transformers.TrainingArguments`, become keys of the `train`
section.
"""

import dataclasses

from got_train.swift.options import (
    COMMON,
    HUB_CACHE,
    LAZY,
    NO_SETTINGS,
    ONE_DEVICE,
    OWN_CODE,
    PACKED,
    READ_AS_NEEDED,
    TEMPLATES,
    Option,
    Options,
    Version,
    decides,
    refused,
    sets,
    unchanged,
)

TRAIN_NAMES = (
    "learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm num_train_epochs max_steps "
    "optim lr_scheduler_type lr_scheduler_kwargs seed per_device_train_batch_size per_device_eval_batch_size "
    "gradient_accumulation_steps gradient_checkpointing auto_find_batch_size neftune_noise_alpha "
    "full_determinism logging_steps eval_steps eval_strategy save_strategy save_steps report_to "
    "save_only_model save_on_each_node disable_tqdm ignore_data_skip dataloader_num_workers "
    "dataloader_pin_memory dataloader_drop_last ddp_backend ddp_timeout ddp_broadcast_buffers "
    "ddp_find_unused_parameters include_num_input_tokens_seen"
).split()
"""Options of both versions that are keys of the `train` section."""

SETTING: Options = {
    **decides("model.path, name", both="model_type", v2="model_id_or_path", v4="model"),
    **decides("data.train", both="dataset", v2="custom_train_dataset_path"),
    **decides("data.val", both="val_dataset", v2="custom_val_dataset_path"),
    **decides("data.val_ratio", v2="dataset_test_ratio", v4="split_dataset_ratio"),
    **sets("data.columns", v4="columns"),
    **sets("data.weights", v4="interleave_prob"),
    **decides("sample.max_length", both="max_length"),
    **decides("data.on_error", v2="check_dataset_strategy", v4="strict"),
    **decides("train.seed", v2="dataset_seed", v4="data_seed"),
    **decides("lora.enabled", v2="sft_type", v4="tuner_type train_type"),
    **decides("lora.modules", both="target_modules", v2="lora_target_modules"),
    **decides("lora.modules (swift 4), train.learning_rates.encoder", both="freeze_vit"),
    **decides("lora.modules, train.learning_rates.connector", v4="freeze_aligner"),
    **decides("lora.modules, train.learning_rates.decoder", v4="freeze_llm"),
    **decides("train.learning_rates.encoder", v4="vit_lr"),
    **decides("train.learning_rates.connector", v4="aligner_lr"),
    **sets("lora.adapters", v4="adapters"),
    **sets("lora.rank", both="lora_rank"),
    **sets("lora.alpha", both="lora_alpha"),
    **sets("lora.dropout", both="lora_dropout", v2="lora_dropout_p"),
    **sets("lora.use_dora", both="use_dora"),
    **sets("lora.use_rslora", both="use_rslora"),
    **sets("lora.loraplus_lr_ratio", v2="lora_lr_ratio", v4="lorap_lr_ratio"),
    **decides("lora.quantization_bits", v2="quantization_bit", v4="quant_bits"),
    **{name: option for key in TRAIN_NAMES for name, option in sets(f"train.{key}", both=key).items()},
    **sets("train.per_device_train_batch_size", v2="batch_size"),
    **sets("train.per_device_eval_batch_size", v2="eval_batch_size"),
    **sets("train.eval_strategy", v2="evaluation_strategy"),
    **sets("train.neftune_noise_alpha", v2="neftune_alpha"),
    **sets("train.save_only_model", v2="only_save_model"),
    **sets("eval.max_new_tokens", both="max_new_tokens"),
    **sets("eval.early_stopping_patience", v4="early_stop_interval"),
    **decides("train.save_total_limit", both="save_total_limit"),
    **decides("train.warmup_steps", both="warmup_ratio warmup_steps"),
    **decides("train.bf16, train.fp16", v2="dtype", v4="torch_dtype bf16 fp16"),
    **decides("train.bf16, train.fp16 (the same)", v2="bnb_4bit_comp_dtype", v4="bnb_4bit_compute_dtype"),
    **decides("train.deepspeed", both="deepspeed", v2="deepspeed_config_path"),
    **decides("output_dir, name", both="output_dir"),
    **decides("resume", both="resume_from_checkpoint"),
    **decides("model.path, lora.adapters", both="resume_only_model"),
    **decides("eval.read_rows", both="predict_with_generate"),
}

OWN_TEMPLATE = "sample.template is swift's for this model"
WORKERS = "dataloader_num_workers processes encode rows"
EQUAL_WEIGHT = "answers are supervised with equal weight"
WHOLE_GROUPS = "whole groups are frozen or trained"
ENCODER_TOO = "the encoder follows gradient_checkpointing"
MERGED = "merge, and push the folder with `got-train push`"
GREEDY = "validation rows are read greedily"
LOOP = "the loop is transformers'"

UNCHANGED: Options = {
    **unchanged(f"{TEMPLATES}|AUTO", OWN_TEMPLATE, v2="template_type"),
    **unchanged(TEMPLATES, OWN_TEMPLATE, v4="template"),
    **unchanged(None, HUB_CACHE, v2="check_model_is_latest"),
    **unchanged(None, "weights are checked as they are loaded", v4="check_model"),
    **unchanged("transformers", "Megatron is not offered", v2="train_backend"),
    **unchanged("delete", "a cut text teaches the model to stop early", both="truncation_strategy"),
    **unchanged(None, LAZY, both="lazy_tokenize"),
    **unchanged(None, WORKERS, v2="preprocess_num_proc", v4="dataset_num_proc"),
    **unchanged(None, "the loss over the validation rows is the same in any order", v4="val_dataset_shuffle"),
    **unchanged("true", "rows are always mixed", v4="dataset_shuffle train_dataloader_shuffle"),
    **unchanged(None, "images become tiles of 1024 x 1024 pixels", v2="rescale_image"),
    **unchanged("right", "rows are padded on the right", v4="padding_side"),
    **unchanged("false", READ_AS_NEEDED, both="streaming"),
    **unchanged(None, PACKED, both="packing"),
    **unchanged("false", EQUAL_WEIGHT, v2="use_loss_scale"),
    **unchanged("default", EQUAL_WEIGHT, v4="loss_scale"),
    **unchanged("1", "a sample fits on one device", both="sequence_parallel_size"),
    **unchanged("false", "rows are taken in a random order", v2="test_oom_error", v4="group_by_length"),
    **unchanged("bnb", "4 bits come from bitsandbytes", both="quant_method"),
    **unchanged("nf4", "4 bits are NF4", both="bnb_4bit_quant_type"),
    **unchanged("true", "the scales of 4 bits are quantized too", both="bnb_4bit_use_double_quant"),
    **unchanged("peft", "adapters are peft's", both="tuner_backend"),
    **unchanged("false", "adapters are peft's", v4="use_swift_lora"),
    **unchanged("none", "biases are not trained beside adapters", v2="lora_bias_trainable", v4="lora_bias"),
    **unchanged("AUTO|fp32|float32", "adapters are kept in float32", both="lora_dtype"),
    **unchanged("true", "adapters start at zero, as LoRA's do", v2="init_lora_weights", v4="init_weights"),
    **unchanged("false", "GaLore is not offered", both="use_galore"),
    **unchanged("0", "LISA is not offered", both="lisa_activated_layers"),
    **unchanged("0", WHOLE_GROUPS, both="freeze_parameters_ratio"),
    **unchanged("transformers", "NEFTune is transformers'", v2="neftune_backend"),
    **unchanged("true", "every run has a folder of its own", v2="add_output_dir_suffix", v4="add_version"),
    **unchanged("false", "a run's name stands for its newest checkpoint", v4="create_checkpoint_symlink"),
    **unchanged(None, "the accuracy of tokens is not logged", both="acc_strategy", v2="acc_steps"),
    **unchanged(None, ENCODER_TOO, v2="vit_use_gc", v4="vit_gradient_checkpointing"),
    **unchanged(None, "the loss is computed from the supervised tokens alone", v4="use_logits_to_keep"),
    **unchanged(None, "the loss is fused already", v2="use_liger", v4="use_liger_kernel"),
    **unchanged("false", MERGED, both="push_to_hub"),
    **unchanged("true", "sft trains", v4="do_train"),
    **unchanged("false", "the options of a run lie in its own folder", v4="load_args load_data_args"),
    **unchanged("0", GREEDY, both="temperature"),
    **unchanged("false", GREEDY, v2="do_sample"),
    **unchanged("1", GREEDY, both="num_beams top_k repetition_penalty"),
    **unchanged("0", "GOT has no experts", v4="router_aux_loss_coef"),
    **unchanged("false", LOOP, v4="enable_dft_loss enable_channel_loss use_flash_ckpt"),
    **unchanged("false", "use `got-train eval`", v4="eval_use_evalscope"),
    **unchanged(None, "only ZeRO-3 would need it", v4="ds3_gather_for_generation"),
}

LORA = "lora.modules names groups, not layers"
REPLAY = "name the sets as data.replay in a config"
HOW_MANY = "write the number behind the data set, as in a.jsonl#500"
INFERENCE = "it is for inference"
SPLIT = "use --deepspeed zero2"

REFUSED: Options = {
    **refused(ONE_DEVICE, v2="gpu_memory_fraction"),
    **refused(OWN_CODE, v4="callbacks"),
    **refused("it follows from lorap_lr_ratio, vit_lr and aligner_lr", v4="optimizer"),
    **refused(NO_SETTINGS, v4="max_model_len"),
    **refused("Megatron is not offered", v2="tp pp min_lr sequence_parallel"),
    **refused("an epoch has as many rows as the sets together", v4="stopping_strategy"),
    **refused(READ_AS_NEEDED, v2="streaming_val_size streaming_buffer_size"),
    **refused(HOW_MANY, v2="train_dataset_sample val_dataset_sample"),
    **refused(REPLAY, v2="train_dataset_mix_ratio train_dataset_mix_ds"),
    **refused(LAZY, v4="cached_dataset cached_val_dataset"),
    **refused("name the files themselves", both="custom_dataset_info"),
    **refused("it is for agents", v2="loss_scale_config_path"),
    **refused(EQUAL_WEIGHT, v4="is_binary_loss_scale"),
    **refused(INFERENCE, v4="response_prefix stream stop_words logprobs top_logprobs"),
    **refused(INFERENCE, v4="structured_outputs_regex"),
    **refused(LORA, both="target_regex modules_to_save", v2="lora_target_regex lora_modules_to_save"),
    **refused(LORA, v4="target_parameters"),
    **refused(WHOLE_GROUPS, both="freeze_parameters", v2="additional_trainable_parameters"),
    **refused(WHOLE_GROUPS, v4="freeze_parameters_regex trainable_parameters trainable_parameters_regex"),
    **refused("it is chosen with 4 bits", both="bnb_4bit_quant_storage"),
    **refused(GREEDY, both="top_p", v4="generation_config generation_max_length generation_num_beams"),
    **refused(GREEDY, v4="sortish_sampler"),
    **refused("TensorBoard's files go into the run's folder", both="logging_dir"),
    **refused(MERGED, both="hub_model_id hub_private_repo hub_strategy", v2="push_hub_strategy"),
    **refused(SPLIT, both="fsdp fsdp_config", v2="fsdp_num model_layer_cls_name metric_warmup_step"),
    **refused(SPLIT, v4="zero_hpz_partition_size deepspeed_autotp_size parallelism_config"),
    **refused(LOOP, v2="loss_name", v4="loss_type mrl_dims max_epochs eval_metric"),
    **refused("workers are started as the system does", v4="dataloader_multiprocessing_context"),
    **refused("use `got-train eval`", v4="eval_dataset eval_dataset_args eval_limit extra_eval_args"),
    **refused("use `got-train eval`", v4="eval_generation_config"),
}

SFT: Options = SETTING | UNCHANGED | REFUSED | COMMON

Default = int | float | bool | str | None
DEFAULTS: dict[str, dict[Version, Default]] = {
    "sample.template": {"2": "swift", "4": "swift"},
    "data.on_error": {"2": "skip", "4": "skip"},
    "sample.max_length": {"2": 2048, "4": 32768},
    "data.val_ratio": {"2": 0.01, "4": 0.0},
    "lora.rank": {"2": 8, "4": 8},
    "lora.alpha": {"2": 32, "4": 32},
    "lora.dropout": {"2": 0.05, "4": 0.05},
    "train.per_device_train_batch_size": {"2": 1, "4": 1},
    "train.num_train_epochs": {"2": 1, "4": 3},
    "train.lr_scheduler_type": {"2": "cosine", "4": "cosine"},
    "train.warmup_steps": {"2": 0.05, "4": 0.0},
    "train.weight_decay": {"2": 0.1, "4": 0.1},
    "train.adam_beta2": {"2": 0.95, "4": 0.95},
    "train.max_grad_norm": {"2": 1.0, "4": 1.0},
    "train.bf16": {"2": True, "4": True},
    "train.gradient_checkpointing": {"2": True, "4": True},
    "train.logging_steps": {"2": 5, "4": 5},
    "train.logging_first_step": {"2": True, "4": True},
    "train.save_total_limit": {"2": 2, "4": None},
    "train.metric_for_best_model": {"2": "loss", "4": "loss"},
    "train.dataloader_num_workers": {"2": 1, "4": 1},
    "train.report_to": {"2": "tensorboard", "4": "tensorboard"},
    "train.seed": {"2": 42, "4": 42},
}
"""swift's defaults, by config key and version; defaults that depend on other options are in sft.py."""


def sft_options() -> Options:
    """The options of `swift sft`: the table, and the fields of `TrainingArguments` that swift 4 takes."""
    from transformers import TrainingArguments

    names = [field.name for field in dataclasses.fields(TrainingArguments) if field.init]
    return {name: Option("4", key=f"train.{name}") for name in names} | SFT
