"""The options of `swift infer` and `swift export`, and the effect of each here."""

from got_train.swift.options import (
    COMMON,
    LAZY,
    NO_THINKING,
    ONE_DEVICE,
    PACKED,
    TEMPLATES,
    Options,
    decides,
    refused,
    unchanged,
)

KEPT = "the checkpoint keeps it"
GREEDY = "reading is greedy"

SHARED: Options = COMMON | {
    **decides("2", "the model", "ckpt_dir", "model_id_or_path"),
    **decides("4", "the model", "adapters", "model"),
    **decides("24", "whether adapters are merged first", "merge_lora"),
    **decides("2", "whether adapters are merged first", "merge_lora_and_save"),
    **unchanged("24", TEMPLATES, KEPT, "model_type"),
    **unchanged("2", f"{TEMPLATES}|AUTO", KEPT, "template_type"),
    **unchanged("4", TEMPLATES, KEPT, "template"),
    **unchanged("2", None, KEPT, "sft_type"),
    **unchanged("4", None, KEPT, "tuner_type", "train_type", "tuner_backend", "use_swift_lora"),
    **unchanged("2", "true", KEPT, "load_args_from_ckpt_dir"),
    **unchanged("4", "true", KEPT, "load_args"),
    **unchanged("24", None, "nothing is drawn at random", "seed"),
    **unchanged("2", None, "nothing is drawn at random", "dataset_seed"),
    **unchanged("4", None, "nothing is drawn at random", "data_seed"),
    **unchanged("2", None, "weights are merged on the CPU", "merge_device_map"),
    **unchanged("24", "bnb", KEPT, "quant_method"),
    **unchanged("2", "0", "weights are read as they are", "quantization_bit"),
    **unchanged("4", "0", "weights are read as they are", "quant_bits"),
    **unchanged("24", None, KEPT, "bnb_4bit_quant_type", "bnb_4bit_use_double_quant"),
    **unchanged("24", None, KEPT, "bnb_4bit_quant_storage"),
    **unchanged("2", None, KEPT, "bnb_4bit_comp_dtype"),
    **unchanged("4", None, KEPT, "bnb_4bit_compute_dtype"),
    **unchanged("24", "1", GREEDY, "num_beams", "top_k", "repetition_penalty"),
    **unchanged("24", "0", GREEDY, "temperature"),
    **unchanged("2", "false", GREEDY, "do_sample"),
    **unchanged("4", "false", GREEDY, "logprobs"),
    **unchanged("24", "delete", "a cut question cannot be answered", "truncation_strategy"),
    **unchanged("4", "true", "a bad row stops the reading", "strict"),
    **unchanged("4", None, LAZY, "lazy_tokenize", "dataset_num_proc"),
    **unchanged("4", "false", "rows are read in their order", "val_dataset_shuffle"),
    **unchanged("4", None, "rows are read in their order", "dataset_shuffle"),
    **unchanged("4", None, "it is for training", "padding_side", "loss_scale", "is_binary_loss_scale"),
    **unchanged("4", "false", PACKED, "packing"),
    **unchanged("4", "false", "rows are read from files as they are needed", "streaming"),
    **unchanged("4", "1", "a sample fits on one device", "sequence_parallel_size"),
    **refused("2", ONE_DEVICE, "tp"),
    **refused("4", ONE_DEVICE, "ddp_backend", "ddp_timeout"),
    **refused("24", "GOT has no such settings", "max_model_len"),
    **refused("24", "name the rows with --val_dataset", "dataset", "custom_dataset_info"),
    **refused(
        "2", "name the rows with --val_dataset", "custom_train_dataset_path", "custom_val_dataset_path"
    ),
    **refused("2", "name the rows with --val_dataset", "dataset_test_ratio", "train_dataset_sample"),
    **refused("4", "name the rows with --val_dataset", "split_dataset_ratio", "interleave_prob"),
    **refused("4", "name the rows with --val_dataset", "stopping_strategy", "cached_dataset"),
    **refused("4", "name the rows with --val_dataset", "cached_val_dataset"),
    **refused("4", "rename the keys in the rows", "columns"),
    **refused("2", "a bad row stops the reading", "check_dataset_strategy"),
    **refused("24", "put a `system` into the rows", "system"),
    **refused("24", "images with their question always fit into the model", "max_length"),
    **refused("24", GREEDY, "top_p"),
    **refused("4", GREEDY, "top_logprobs", "structured_outputs_regex"),
    **refused("24", "reading ends with the message", "stop_words"),
    **refused("4", NO_THINKING, "response_prefix"),
    **refused("2", "vLLM and LMDeploy are not offered", "gpu_memory_utilization", "tensor_parallel_size"),
    **refused("2", "vLLM and LMDeploy are not offered", "max_num_seqs", "disable_custom_all_reduce"),
    **refused(
        "2", "vLLM and LMDeploy are not offered", "enforce_eager", "limit_mm_per_prompt", "lora_modules"
    ),
    **refused(
        "2", "vLLM and LMDeploy are not offered", "max_logprobs", "cache_max_entry_count", "quant_policy"
    ),
    **refused("2", "vLLM and LMDeploy are not offered", "vision_batch_size"),
    **refused("2", "the checkpoint is left as it is", "overwrite_generation_config"),
}

INFER: Options = SHARED | {
    **decides("2", "the rows", "load_dataset_config", "show_dataset_sample"),
    **decides("4", "the rows", "load_data_args"),
    **decides("24", "the rows", "val_dataset", "val_dataset_sample"),
    **decides("2", "the file of answers", "result_dir"),
    **decides("4", "the file of answers", "result_path"),
    **decides("24", "the longest answer", "max_new_tokens"),
    **decides("4", "rows per batch", "max_batch_size"),
    **unchanged("24", "pt|transformers|AUTO", "the model is run by PyTorch", "infer_backend"),
    **unchanged("2", "false", "rows are read, nobody is asked", "eval_human"),
    **unchanged("2", "true", "answers are always written", "save_result"),
    **unchanged("24", None, "answers are written one by one", "stream"),
    **unchanged("4", None, "answers are written one by one", "write_batch_size"),
    **unchanged("2", None, "progress is always shown", "verbose"),
    **unchanged("2", "AUTO|bf16", "a GPU reads in bfloat16, a CPU in float32", "dtype"),
    **unchanged("4", "bfloat16", "a GPU reads in bfloat16, a CPU in float32", "torch_dtype"),
    **unchanged("4", None, "GOT ranks nothing", "reranker_use_activation"),
    **refused("4", "score the answers with `got-train eval`", "metric"),
}

ONLY_MERGES = "swift export only merges here"
EXPORT: Options = SHARED | {
    **decides("4", "the folder to write", "output_dir"),
    **unchanged("4", "false", "a folder that exists is never written over", "exist_ok"),
    **unchanged("24", "false", "it has no effect in swift either", "to_peft_format"),
    **unchanged("24", "false", "upload the folder with `hf upload`", "push_to_hub"),
    **unchanged("24", "false", ONLY_MERGES, "to_ollama", "to_hf"),
    **unchanged("24", "0", ONLY_MERGES, "quant_bits"),
    **unchanged("2", "false", ONLY_MERGES, "load_dataset_config"),
    **unchanged("4", "false", ONLY_MERGES, "load_data_args"),
    **unchanged("2", "AUTO|fp32", "weights are written in float32", "dtype"),
    **unchanged("4", "float32", "weights are written in float32", "torch_dtype"),
    **unchanged("24", None, "nothing is read", "max_new_tokens", "stream", "val_dataset"),
    **unchanged("2", None, "nothing is read", "show_dataset_sample", "val_dataset_sample", "eval_human"),
    **unchanged("2", None, "nothing is read", "result_dir", "save_result", "verbose", "infer_backend"),
    **refused(
        "24", "upload the folder with `hf upload`", "hub_model_id", "hub_private_repo", "commit_message"
    ),
    **refused("24", ONLY_MERGES, "quant_n_samples", "quant_batch_size"),
    **refused("2", ONLY_MERGES, "quant_seqlen", "quant_device_map", "quant_output_dir", "ollama_output_dir"),
    **refused("2", ONLY_MERGES, "gguf_file", "to_megatron", "megatron_output_dir", "hf_output_dir", "pp"),
    **refused(
        "4", ONLY_MERGES, "group_size", "to_cached_dataset", "template_mode", "to_mcore", "mcore_model"
    ),
    **refused("4", ONLY_MERGES, "mcore_adapter", "thread_count", "test_convert_precision"),
    **refused("4", ONLY_MERGES, "test_convert_dtype", "save_missing_weights"),
}
