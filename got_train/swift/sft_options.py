"""The options of `swift sft`, the effect of each here, and swift's defaults by version.

The names are those of `SftArguments` in swift 2.6 and 4.6, and `train_type` of swift 3. Options of swift 4
that are not listed here, but are fields of `transformers.TrainingArguments`, become keys of the `train`
section.
"""

import dataclasses

from got_train.swift.options import (
    COMMON,
    LAZY,
    ONE_DEVICE,
    OWN_CODE,
    PACKED,
    TEMPLATES,
    Options,
    Version,
    decides,
    refused,
    sets,
    train_names,
    unchanged,
)

MODEL_OPTIONS: Options = {
    **decides("24", "model.path, name", "model_type"),
    **decides("2", "model.path, name", "model_id_or_path"),
    **decides("4", "model.path, name", "model"),
    **unchanged("2", f"{TEMPLATES}|AUTO", "sample.template is swift's for this model", "template_type"),
    **unchanged("4", TEMPLATES, "sample.template is swift's for this model", "template"),
    **unchanged("2", None, "the hub's cache does this", "check_model_is_latest"),
    **unchanged("4", None, "weights are checked as they are loaded", "check_model"),
    **unchanged("2", "transformers", "Megatron is not offered", "train_backend"),
    **refused("2", ONE_DEVICE, "gpu_memory_fraction"),
    **refused("4", OWN_CODE, "callbacks", "optimizer"),
    **refused("4", "GOT has no such settings", "max_model_len"),
    **refused("2", "Megatron is not offered", "tp", "pp", "min_lr", "sequence_parallel"),
}

DATA_OPTIONS: Options = {
    **decides("24", "data.train", "dataset"),
    **decides("24", "data.val", "val_dataset"),
    **decides("2", "data.train", "custom_train_dataset_path"),
    **decides("2", "data.val", "custom_val_dataset_path"),
    **decides("2", "data.val_ratio", "dataset_test_ratio"),
    **decides("4", "data.val_ratio", "split_dataset_ratio"),
    **sets("4", columns="data.columns"),
    **sets("4", interleave_prob="data.weights"),
    **decides("24", "sample.max_length", "max_length"),
    **decides("2", "data.on_error", "check_dataset_strategy"),
    **decides("4", "data.on_error", "strict"),
    **decides("2", "train.seed", "dataset_seed"),
    **decides("4", "train.seed", "data_seed"),
    **unchanged("24", "delete", "a cut text teaches the model to stop early", "truncation_strategy"),
    **unchanged("24", None, LAZY, "lazy_tokenize"),
    **unchanged("2", None, "dataloader_num_workers processes encode rows", "preprocess_num_proc"),
    **unchanged("4", None, "dataloader_num_workers processes encode rows", "dataset_num_proc"),
    **unchanged(
        "4", None, "the loss over the validation rows is the same in any order", "val_dataset_shuffle"
    ),
    **unchanged("4", "true", "rows are always mixed", "dataset_shuffle", "train_dataloader_shuffle"),
    **unchanged("2", None, "images become tiles of 1024 x 1024 pixels", "rescale_image"),
    **unchanged("4", "right", "rows are padded on the right", "padding_side"),
    **unchanged("24", "false", "rows are read from files as they are needed", "streaming"),
    **unchanged("24", "false", PACKED, "packing"),
    **unchanged("2", "false", "answers are supervised with equal weight", "use_loss_scale"),
    **unchanged("4", "default", "answers are supervised with equal weight", "loss_scale"),
    **unchanged("24", "1", "a sample fits on one device", "sequence_parallel_size"),
    **unchanged("4", "false", "rows are taken in a random order", "group_by_length"),
    **unchanged("2", "false", "rows are taken in a random order", "test_oom_error"),
    **refused("24", "there is no key for it: put a `system` into the rows", "system"),
    **refused("4", "an epoch has as many rows as the sets together", "stopping_strategy"),
    **refused("2", "rows are read from files as they are needed", "streaming_val_size"),
    **refused("2", "rows are read from files as they are needed", "streaming_buffer_size"),
    **refused("2", "write the number behind the data set, as in a.jsonl#500", "train_dataset_sample"),
    **refused("2", "write the number behind the data set, as in a.jsonl#500", "val_dataset_sample"),
    **refused(
        "2", "name the sets as data.replay in a config", "train_dataset_mix_ratio", "train_dataset_mix_ds"
    ),
    **refused("4", LAZY, "cached_dataset", "cached_val_dataset"),
    **refused("24", "name the files themselves", "custom_dataset_info"),
    **refused("2", "it is for agents", "loss_scale_config_path"),
    **refused("4", "answers are supervised with equal weight", "is_binary_loss_scale"),
    **refused(
        "4", "it is for inference", "response_prefix", "stream", "stop_words", "logprobs", "top_logprobs"
    ),
    **refused("4", "it is for inference", "structured_outputs_regex"),
}

LORA = "lora.modules names groups, not layers"
TUNER_OPTIONS: Options = {
    **decides("2", "lora.enabled", "sft_type"),
    **decides("4", "lora.enabled", "tuner_type", "train_type"),
    **decides("24", "lora.modules", "target_modules"),
    **decides("2", "lora.modules", "lora_target_modules"),
    **decides("24", "lora.modules (swift 4), train.learning_rates.encoder", "freeze_vit"),
    **decides("4", "lora.modules, train.learning_rates.connector", "freeze_aligner"),
    **decides("4", "lora.modules, train.learning_rates.decoder", "freeze_llm"),
    **decides("4", "train.learning_rates.encoder", "vit_lr"),
    **decides("4", "train.learning_rates.connector", "aligner_lr"),
    **sets("24", lora_rank="lora.rank", lora_alpha="lora.alpha", lora_dropout="lora.dropout"),
    **sets("24", use_dora="lora.use_dora", use_rslora="lora.use_rslora"),
    **sets("2", lora_dropout_p="lora.dropout", lora_lr_ratio="lora.loraplus_lr_ratio"),
    **sets("4", lorap_lr_ratio="lora.loraplus_lr_ratio"),
    **decides("2", "lora.quantization_bits", "quantization_bit"),
    **decides("4", "lora.quantization_bits", "quant_bits"),
    **unchanged("24", "bnb", "4 bits come from bitsandbytes", "quant_method"),
    **unchanged("24", "nf4", "4 bits are NF4", "bnb_4bit_quant_type"),
    **unchanged("24", "true", "the scales of 4 bits are quantized too", "bnb_4bit_use_double_quant"),
    **unchanged("24", "peft", "adapters are peft's", "tuner_backend"),
    **unchanged("2", "none", "biases are not trained beside adapters", "lora_bias_trainable"),
    **unchanged("4", "none", "biases are not trained beside adapters", "lora_bias"),
    **unchanged("24", "AUTO|fp32|float32", "adapters are kept in float32", "lora_dtype"),
    **unchanged("2", "true", "adapters start at zero, as LoRA's do", "init_lora_weights"),
    **unchanged("4", "true", "adapters start at zero, as LoRA's do", "init_weights"),
    **unchanged("24", "false", "GaLore is not offered", "use_galore"),
    **unchanged("24", "0", "LISA is not offered", "lisa_activated_layers"),
    **unchanged("24", "0", "whole groups are frozen or trained", "freeze_parameters_ratio"),
    **unchanged("4", "false", "adapters are peft's", "use_swift_lora"),
    **refused("24", LORA, "target_regex", "modules_to_save"),
    **refused("2", LORA, "lora_target_regex", "lora_modules_to_save"),
    **refused("4", LORA, "target_parameters"),
    **refused("24", "whole groups are frozen or trained", "freeze_parameters"),
    **refused("2", "whole groups are frozen or trained", "additional_trainable_parameters"),
    **refused("4", "whole groups are frozen or trained", "freeze_parameters_regex", "trainable_parameters"),
    **refused("4", "whole groups are frozen or trained", "trainable_parameters_regex"),
    **refused("4", "merge them first, and name the merged folder as the model", "adapters"),
    **refused("24", "it is chosen with 4 bits", "bnb_4bit_quant_storage"),
    **refused("2", "layers of 4 bits compute in the precision of training", "bnb_4bit_comp_dtype"),
    **refused("4", "layers of 4 bits compute in the precision of training", "bnb_4bit_compute_dtype"),
    **unchanged("2", "transformers", "NEFTune is transformers'", "neftune_backend"),
}

LOOP = "the loop is transformers'"
SPLIT = "use --deepspeed zero2"
TRAIN_OPTIONS: Options = {
    **train_names(
        "24", "learning_rate", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm"
    ),
    **train_names(
        "24", "num_train_epochs", "max_steps", "optim", "lr_scheduler_type", "lr_scheduler_kwargs", "seed"
    ),
    **train_names(
        "24", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps"
    ),
    **train_names(
        "24", "gradient_checkpointing", "auto_find_batch_size", "neftune_noise_alpha", "full_determinism"
    ),
    **train_names(
        "24", "logging_steps", "eval_steps", "eval_strategy", "save_strategy", "save_steps", "report_to"
    ),
    **train_names("24", "save_only_model", "save_on_each_node", "disable_tqdm", "ignore_data_skip"),
    **train_names(
        "24", "dataloader_num_workers", "dataloader_pin_memory", "dataloader_drop_last", "ddp_backend"
    ),
    **train_names("24", "ddp_timeout", "ddp_broadcast_buffers", "ddp_find_unused_parameters"),
    **train_names("24", "include_num_input_tokens_seen"),
    **train_names("4", "logging_first_step", "dataloader_persistent_workers", "dataloader_prefetch_factor"),
    **train_names("4", "gradient_checkpointing_kwargs"),
    **sets(
        "2",
        batch_size="train.per_device_train_batch_size",
        eval_batch_size="train.per_device_eval_batch_size",
    ),
    **sets("2", evaluation_strategy="train.eval_strategy", neftune_alpha="train.neftune_noise_alpha"),
    **sets("2", only_save_model="train.save_only_model"),
    **sets("24", max_new_tokens="eval.max_new_tokens"),
    **decides("24", "train.save_total_limit", "save_total_limit"),
    **decides("24", "train.warmup_steps", "warmup_ratio", "warmup_steps"),
    **decides("2", "train.bf16, train.fp16", "dtype"),
    **decides("4", "train.bf16, train.fp16", "torch_dtype", "bf16", "fp16"),
    **decides("24", "train.deepspeed", "deepspeed"),
    **decides("2", "train.deepspeed", "deepspeed_config_path"),
    **decides("24", "output_dir, name", "output_dir"),
    **decides("24", "resume", "resume_from_checkpoint"),
    **decides("24", "model.path", "resume_only_model"),
    **decides("24", "eval.read_rows", "predict_with_generate"),
    **unchanged("2", "true", "every run has a folder of its own", "add_output_dir_suffix"),
    **unchanged("4", "true", "every run has a folder of its own", "add_version"),
    **unchanged("4", "false", "a run's name stands for its newest checkpoint", "create_checkpoint_symlink"),
    **unchanged("24", None, "the accuracy of tokens is not logged", "acc_strategy"),
    **unchanged("2", None, "the accuracy of tokens is not logged", "acc_steps"),
    **unchanged("2", "true", "the encoder follows gradient_checkpointing", "vit_use_gc"),
    **unchanged("4", "true", "the encoder follows gradient_checkpointing", "vit_gradient_checkpointing"),
    **unchanged("4", None, "the loss is computed from the supervised tokens alone", "use_logits_to_keep"),
    **unchanged("2", "false", "the loss is fused already", "use_liger"),
    **unchanged("4", "false", "the loss is fused already", "use_liger_kernel"),
    **unchanged("24", "false", "merge, and upload the folder with `hf upload`", "push_to_hub"),
    **unchanged("4", "false", "the options of a run lie in its own folder", "load_args", "load_data_args"),
    **unchanged("24", "0", "validation rows are read greedily", "temperature"),
    **unchanged("2", "false", "validation rows are read greedily", "do_sample"),
    **unchanged("24", "1", "validation rows are read greedily", "num_beams", "top_k", "repetition_penalty"),
    **unchanged("4", "0", "GOT has no experts", "router_aux_loss_coef"),
    **unchanged("4", "false", LOOP, "enable_dft_loss", "enable_channel_loss", "use_flash_ckpt"),
    **unchanged("4", "false", "use `got-train eval`", "eval_use_evalscope"),
    **unchanged("4", None, "only ZeRO-3 would need it", "ds3_gather_for_generation"),
    **refused("24", "validation rows are read greedily", "top_p"),
    **refused("24", "TensorBoard's files go into the run's folder", "logging_dir"),
    **refused("24", "merge, and upload the folder with `hf upload`", "hub_model_id", "hub_private_repo"),
    **refused("24", "merge, and upload the folder with `hf upload`", "hub_strategy"),
    **refused("2", "merge, and upload the folder with `hf upload`", "push_hub_strategy"),
    **refused("24", SPLIT, "fsdp", "fsdp_config"),
    **refused("2", SPLIT, "fsdp_num", "model_layer_cls_name", "metric_warmup_step"),
    **refused("4", SPLIT, "zero_hpz_partition_size", "deepspeed_autotp_size", "parallelism_config"),
    **refused("2", LOOP, "loss_name"),
    **refused("4", LOOP, "loss_type", "mrl_dims", "max_epochs", "early_stop_interval", "eval_metric"),
    **refused("4", "workers are started as the system does", "dataloader_multiprocessing_context"),
    **refused("4", "use `got-train eval`", "eval_dataset", "eval_dataset_args", "eval_limit"),
    **refused("4", "use `got-train eval`", "eval_generation_config", "extra_eval_args"),
    **refused("4", "validation rows are read greedily", "generation_config", "generation_max_length"),
    **refused("4", "validation rows are read greedily", "generation_num_beams", "sortish_sampler"),
}

SFT: Options = MODEL_OPTIONS | DATA_OPTIONS | TUNER_OPTIONS | TRAIN_OPTIONS | COMMON

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
    return train_names("4", *names) | SFT
