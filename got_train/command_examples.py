"""What `--help` shows below the options of a command: lines to copy, all of which a test reads."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "train": (
        "got-train train configs/finetune_lora.yaml data.train=rows.jsonl --dry-run",
        "got-train train configs/finetune_lora.yaml data.train=rows.jsonl lora.rank=16 resume=auto",
        "torchrun --nproc_per_node=8 -m got_train train configs/stage2_joint.yaml data.train=rows.jsonl",
    ),
    "curve": (
        "got-train curve configs/finetune_lora.yaml data.train=rows.jsonl data.val_ratio=0.2",
        "got-train curve configs/presets/lora_200.yaml name=mine data.train=rows.jsonl",
    ),
    "plan": (
        "got-train plan",
        "got-train plan configs/stage2_joint.yaml data.train=rows.jsonl --devices 8 --memory 24",
    ),
    "infer": (
        "got-train infer MODEL --image page.png --format --render page.html",
        "got-train infer MODEL --image scans/ manual.pdf --output read.jsonl",
        "got-train infer MODEL --data test.jsonl --output predictions.jsonl --resume",
    ),
    "demo": ("got-train demo output/finetune_lora", "got-train demo MODEL output/finetune_lora --port 7861"),
    "label": (
        "got-train label photos/ --model MODEL --output rows.jsonl",
        "got-train label predictions.jsonl --output rows.jsonl",
    ),
    "push": (
        "got-train push output/finetune_lora OWNER/NAME",
        "got-train push output/finetune_lora MS::OWNER/NAME --public",
    ),
    "bench": ("got-train bench omnidocbench OmniDocBench/ MODEL",),
    "board": (
        "got-train board output/finetune_lora",
        "got-train board output/a output/b --output ab.html",
    ),
    "serve": (
        "got-train serve output/finetune_lora --port 8000",
        "got-train infer output/finetune_lora --server http://127.0.0.1:8000 --image page.png",
    ),
    "merge": ("got-train merge output/finetune_lora",),
    "convert": (
        "got-train convert stepfun-ai/GOT-OCR2_0 got-hf --to transformers",
        "got-train convert output/stage3_posttrain got-original --to original",
    ),
    "eval": (
        "got-train eval predictions.jsonl --report report.html --output scores.json",
        "got-train eval predictions.jsonl --tests data/page/tests.jsonl",
    ),
    "pairs": ("got-train pairs predictions.jsonl --output pairs.jsonl",),
    "check-data": (
        "got-train check-data rows.jsonl",
        "got-train check-data configs/finetune_lora.yaml data.train=rows.jsonl",
        "got-train check-data rows.csv --columns picture=images text=response --query 'OCR: '",
    ),
    "swift": (
        "got-train swift sft --model_type got_ocr2 --model stepfun-ai/GOT-OCR2_0 --dataset rows.jsonl",
    ),
    "configs": ("got-train configs", "got-train configs configs"),
    "completion": ("got-train completion bash", "got-train completion zsh"),
    "quickstart": ("got-train quickstart",),
    "nano": ("got-train nano", "got-train nano --seed 43 --output output/nano43"),
}
"""The examples of each command."""


def epilog(command: str) -> str:
    """What stands below the options of a command; nothing for one without examples."""
    lines = EXAMPLES.get(command, ())
    return "\n".join(["examples:", *(f"  {line}" for line in lines)]) if lines else ""
