"""The options of `swift infer` and `swift export`, and the effect of each here."""

from got_train.swift.options import (
    COMMON,
    LAZY,
    NO_SETTINGS,
    NO_THINKING,
    ONE_DEVICE,
    PACKED,
    READ_AS_NEEDED,
    TEMPLATES,
    Options,
    decides,
    refused,
    unchanged,
)

KEPT = "the checkpoint keeps it"
GREEDY = "reading is greedy"
NAME_ROWS = "name the rows with --val_dataset"
NO_SERVERS = "vLLM and LMDeploy are not offered"

SHARED: Options = COMMON | {
    **decides("the model", v2="ckpt_dir model_id_or_path", v4="adapters model"),
    **decides("whether adapters are merged first", both="merge_lora", v2="merge_lora_and_save"),
    **unchanged(TEMPLATES, KEPT, both="model_type", v4="template"),
    **unchanged(f"{TEMPLATES}|AUTO", KEPT, v2="template_type"),
    **unchanged(None, KEPT, v2="sft_type", v4="tuner_type train_type tuner_backend use_swift_lora"),
    **unchanged("true", KEPT, v2="load_args_from_ckpt_dir", v4="load_args"),
    **unchanged(None, "nothing is drawn at random", both="seed", v2="dataset_seed", v4="data_seed"),
    **unchanged(None, "weights are merged on the CPU", v2="merge_device_map"),
    **unchanged("bnb", KEPT, both="quant_method"),
    **unchanged("0", "weights are read as they are", v2="quantization_bit", v4="quant_bits"),
    **unchanged(None, KEPT, both="bnb_4bit_quant_type bnb_4bit_use_double_quant bnb_4bit_quant_storage"),
    **unchanged(None, KEPT, v2="bnb_4bit_comp_dtype", v4="bnb_4bit_compute_dtype"),
    **unchanged("1", GREEDY, both="num_beams top_k repetition_penalty"),
    **unchanged("0", GREEDY, both="temperature"),
    **unchanged("false", GREEDY, v2="do_sample", v4="logprobs"),
    **unchanged("delete", "a cut question cannot be answered", both="truncation_strategy"),
    **unchanged("true", "a bad row stops the reading", v4="strict"),
    **unchanged(None, LAZY, v4="lazy_tokenize dataset_num_proc"),
    **unchanged("false", "rows are read in their order", v4="val_dataset_shuffle"),
    **unchanged(None, "rows are read in their order", v4="dataset_shuffle"),
    **unchanged(None, "it is for training", v4="padding_side loss_scale is_binary_loss_scale"),
    **unchanged("false", PACKED, v4="packing"),
    **unchanged("false", READ_AS_NEEDED, v4="streaming"),
    **unchanged("1", "a sample fits on one device", v4="sequence_parallel_size"),
    **refused(ONE_DEVICE, v2="tp", v4="ddp_backend ddp_timeout"),
    **refused(NO_SETTINGS, both="max_model_len"),
    **refused(NAME_ROWS, both="dataset custom_dataset_info", v2="dataset_test_ratio train_dataset_sample"),
    **refused(NAME_ROWS, v2="custom_train_dataset_path custom_val_dataset_path"),
    **refused(NAME_ROWS, v4="split_dataset_ratio interleave_prob stopping_strategy cached_dataset"),
    **refused(NAME_ROWS, v4="cached_val_dataset"),
    **refused("rename the keys in the rows", v4="columns"),
    **refused("a bad row stops the reading", v2="check_dataset_strategy"),
    **refused("put a `system` into the rows", both="system"),
    **refused("images with their question always fit into the model", both="max_length"),
    **refused(GREEDY, both="top_p", v4="top_logprobs structured_outputs_regex"),
    **refused("reading ends with the message", both="stop_words"),
    **refused(NO_THINKING, v4="response_prefix"),
    **refused(NO_SERVERS, v2="gpu_memory_utilization tensor_parallel_size max_num_seqs enforce_eager"),
    **refused(NO_SERVERS, v2="disable_custom_all_reduce limit_mm_per_prompt lora_modules max_logprobs"),
    **refused(NO_SERVERS, v2="cache_max_entry_count quant_policy vision_batch_size"),
    **refused("the checkpoint is left as it is", v2="overwrite_generation_config"),
}

INFER: Options = SHARED | {
    **decides("the rows", both="val_dataset val_dataset_sample", v2="load_dataset_config"),
    **decides("the rows", v2="show_dataset_sample", v4="load_data_args"),
    **decides("the file of answers", v2="result_dir", v4="result_path"),
    **decides("the longest answer", both="max_new_tokens"),
    **decides("rows per batch", v4="max_batch_size"),
    **unchanged("pt|transformers|AUTO", "the model is run by PyTorch", both="infer_backend"),
    **unchanged("false", "rows are read, nobody is asked", v2="eval_human"),
    **unchanged("true", "answers are always written", v2="save_result"),
    **unchanged(None, "answers are written one by one", both="stream", v4="write_batch_size"),
    **unchanged(None, "progress is always shown", v2="verbose"),
    **unchanged("AUTO|bf16", "a GPU reads in bfloat16, a CPU in float32", v2="dtype"),
    **unchanged("bfloat16", "a GPU reads in bfloat16, a CPU in float32", v4="torch_dtype"),
    **unchanged(None, "GOT ranks nothing", v4="reranker_use_activation"),
    **refused("score the answers with `got-train eval`", v4="metric"),
}

ONLY_MERGES = "swift export only merges here"
UPLOAD = "upload the folder with `hf upload`"
EXPORT: Options = SHARED | {
    **decides("the folder to write", v4="output_dir"),
    **unchanged("false", "a folder that exists is never written over", v4="exist_ok"),
    **unchanged("false", "it has no effect in swift either", both="to_peft_format"),
    **unchanged("false", UPLOAD, both="push_to_hub"),
    **unchanged("false", ONLY_MERGES, both="to_ollama to_hf", v2="load_dataset_config", v4="load_data_args"),
    **unchanged("0", ONLY_MERGES, both="quant_bits"),
    **unchanged("AUTO|fp32", "weights are written in float32", v2="dtype"),
    **unchanged("float32", "weights are written in float32", v4="torch_dtype"),
    **unchanged(None, "nothing is read", both="max_new_tokens stream val_dataset", v2="show_dataset_sample"),
    **unchanged(None, "nothing is read", v2="val_dataset_sample eval_human result_dir save_result verbose"),
    **unchanged(None, "nothing is read", v2="infer_backend"),
    **refused(UPLOAD, both="hub_model_id hub_private_repo commit_message"),
    **refused(ONLY_MERGES, both="quant_n_samples quant_batch_size", v2="quant_seqlen quant_device_map"),
    **refused(ONLY_MERGES, v2="quant_output_dir ollama_output_dir gguf_file to_megatron megatron_output_dir"),
    **refused(ONLY_MERGES, v2="hf_output_dir pp", v4="group_size to_cached_dataset template_mode to_mcore"),
    **refused(ONLY_MERGES, v4="mcore_model mcore_adapter thread_count test_convert_precision"),
    **refused(ONLY_MERGES, v4="test_convert_dtype save_missing_weights"),
}
