import json
from pathlib import Path

from got_train.config import Config, DataConfig, LoraSettings, ModelConfig, SampleConfig
from got_train.model.card import model_card


def test_the_card_says_base_data_scores_prompts_and_how_to_load(tmp_path: Path) -> None:
    checkpoint = tmp_path / "v0-1" / "checkpoint-8"
    checkpoint.mkdir(parents=True)
    log = [{"eval_loss": 2.0, "step": 4}, {"eval_loss": 1.5, "eval_cer": 0.25, "eval_runtime": 9, "step": 8}]
    (checkpoint / "trainer_state.json").write_text(json.dumps({"log_history": log}))
    (checkpoint.parent / "comparison.json").write_text('{"validation": {"cer": [0.5, 0.25]}}')
    config = Config(
        name="tuned",
        model=ModelConfig(path="stepfun-ai/GOT-OCR-2.0-hf"),
        data=DataConfig(train=["a.jsonl"], replay=["b.jsonl"]),
        sample=SampleConfig(template="transformers"),
        lora=LoraSettings(enabled=True, rank=4),
    )
    card = model_card(config, checkpoint, is_stock=True)
    for line in (
        "# tuned",
        "- Base model: `stepfun-ai/GOT-OCR-2.0-hf`",
        "- Training data: `a.jsonl`, `b.jsonl`",
        "- Trained modules: decoder, connector, rank 4",
        "- Validation: loss 1.5, cer 0.25 after 8 steps; before and after training "
        '`{"validation": {"cer": [0.5, 0.25]}}`',
        "Chat template `transformers`, system text `You should follow the instructions carefully and explain "
        "your answers in detail.`. Queries such as ` OCR: `, ` OCR with format: `.",
        '    model = AutoModelForImageTextToText.from_pretrained("FOLDER")',
        "    got-train infer FOLDER --image page.png",
    ):
        assert line in card.splitlines()
    other = model_card(Config(name="a", data=DataConfig(query="Read.")), tmp_path, is_stock=False)
    assert "- Base model: `not recorded`" in other and "Trained on the query `Read.`." in other
    assert "transformers import" not in other
