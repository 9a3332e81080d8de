from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters
from transformers import CompileConfig

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data.errors import RowError
from got_train.data.readers import open_rows
from got_train.data.records import Record, Turn
from got_train.data.samples import Sample, SampleEncoder, SampleSet
from got_train.inference import generate as module
from got_train.inference.generate import generate, prompt_ids, stream
from got_train.model.compilation import compile_decoding
from got_train.model.got import GotModel, tile_shape
from got_train.model.loading import build_model
from got_train.report import UserError
from tests.conftest import DECODERS, ENCODER


@pytest.fixture
def model_and_rows(rows_file: Path, tokenizer_dir: str) -> tuple[GotModel, SampleSet]:
    shape = dict(DECODERS["qwen2"])
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 128, seed=0)
    encoder = SampleEncoder(tokenizer, SampleConfig(), tile_shape(model.config))
    return model.eval(), SampleSet(open_rows(str(rows_file)), encoder)


def test_answers_do_not_depend_on_the_batch(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    """Prompts of different lengths, with and without pictures, are padded on the left."""
    model, samples = model_and_rows
    questions = samples.rows.records()
    alone = list(generate(model, samples.encoder, questions, max_new_tokens=6, batch_size=1))
    together = list(generate(model, samples.encoder, questions, max_new_tokens=6, batch_size=17))
    assert alone == together
    assert len(set(alone)) > 1


def say_for_ever(model: GotModel, token: int) -> None:
    """Makes a model say one thing whatever it is asked."""
    head = torch.nn.Linear(48, model.config.text_config.vocab_size)
    head.weight.data.zero_()
    head.bias.data.zero_()[token] = 1
    model.lm_head = head  # type: ignore[assignment]


def test_an_answer_ends_where_the_positions_of_the_model_do(
    model_and_rows: tuple[GotModel, SampleSet],
) -> None:
    model, samples = model_and_rows
    say_for_ever(model, samples.encoder.tokenizer.encode("a")[0])
    record = samples.rows.records()[0]
    length = len(module.prompt_ids(samples.encoder.sample(record)))
    model.config.text_config.max_position_embeddings = length + 7
    assert list(generate(model, samples.encoder, [record], 40, 1)) == ["a" * 7]
    del model.config.text_config.max_position_embeddings  # some architectures have no end
    assert list(generate(model, samples.encoder, [record], 9, 1)) == ["a" * 9]
    model.config.text_config.max_position_embeddings = length
    with pytest.raises(UserError, match=f"{length} tokens of images and question: the model has {length}"):
        list(generate(model, samples.encoder, [record], 40, 1))


def test_single_pictures_and_several_do_not_change_each_other(
    model_and_rows: tuple[GotModel, SampleSet], tmp_path: Path
) -> None:
    """Only single images may not repeat 20 tokens; a model that says one thing for ever shows it."""
    model, samples = model_and_rows
    say_for_ever(model, samples.encoder.tokenizer.encode("a")[0])
    images = (samples.rows.record(0).images[0], samples.rows.record(1).images[0])
    pages = Record((Turn("<image><image>OCR: ", ""),), images, None, None, "rows", "pages")
    questions = [samples.rows.record(0), pages]
    single, several = generate(model, samples.encoder, questions, max_new_tokens=40, batch_size=2)
    assert several == "a" * 40
    assert single != several and single.startswith("a" * 20)


def test_a_stream_is_the_answer_in_pieces(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    model, samples = model_and_rows
    record = samples.rows.records()[2]
    pieces = list(stream(model, samples.encoder, record, max_new_tokens=12))
    assert "".join(pieces) == next(generate(model, samples.encoder, [record], 12, 1))
    say_for_ever(model, samples.encoder.tokenizer.encode("\n")[0])
    pieces = list(stream(model, samples.encoder, record, max_new_tokens=12))
    assert [piece for piece in pieces if piece] == ["\n"] * 12


def test_a_fault_while_streaming_is_raised(
    model_and_rows: tuple[GotModel, SampleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = model_and_rows

    def fail(*args: object, **options: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(model, "generate", fail)
    with pytest.raises(MemoryError, match="no room"):
        list(stream(model, samples.encoder, samples.rows.record(0), max_new_tokens=4))


def test_the_prompt_ends_where_the_last_answer_starts(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    _, samples = model_and_rows
    tokenizer = samples.encoder.tokenizer
    assert tokenizer.decode(prompt_ids(samples[0])).endswith("OCR: <|im_end|><|im_start|>assistant\n")
    with_history = tokenizer.decode(prompt_ids(samples[16]))
    assert "response1<|im_end|>" in with_history
    assert with_history.endswith("EEEEE<|im_end|><|im_start|>assistant\n")


def test_answers_stop_a_little_past_the_reference(
    model_and_rows: tuple[GotModel, SampleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = model_and_rows
    asked = []
    monkeypatch.setattr(module, "_generate_batch", lambda m, e, samples, limit: asked.append(limit) or [""])
    for flag in (True, False):
        list(generate(model, samples.encoder, samples.rows.records()[:1], 100, 1, stop_past_reference=flag))
    # three digits and the closing token
    assert asked == [4 + module.RUN_ON_TOKENS, 100]


def test_a_picture_that_cannot_be_read_costs_no_answer_before_its_window(
    model_and_rows: tuple[GotModel, SampleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = model_and_rows
    monkeypatch.setattr(module, "WINDOW_BATCHES", 1)
    questions = samples.rows.records()[:4]
    questions[2] = replace(questions[2], images=(Path("none.png"),))
    answers = generate(model, samples.encoder, questions, max_new_tokens=2, batch_size=2)
    assert len([next(answers), next(answers)]) == 2
    with pytest.raises(RowError, match="none.png"):
        next(answers)


def test_compiled_decoding_gives_the_same_answers_from_few_graphs(
    model_and_rows: tuple[GotModel, SampleSet],
) -> None:
    model, samples = model_and_rows
    questions = samples.rows.records()[:8]
    limits = [9, 14, 21, 6]  # each makes a cache of another size
    expected = [list(generate(model, samples.encoder, questions, limit, batch_size=4)) for limit in limits]
    compile_decoding(model)
    compiling = CompileConfig(backend="eager", mode=None)
    compiling._compile_all_devices = True  # transformers would leave it out on a CPU
    model.generation_config.compile_config = compiling
    counters.clear()
    assert expected == [
        list(generate(model, samples.encoder, questions, limit, batch_size=4)) for limit in limits
    ]
    assert not counters["graph_break"]
    assert 1 <= counters["stats"]["unique_graphs"] <= 2


def test_questions_of_like_length_are_answered_together_and_answers_keep_their_order(
    model_and_rows: tuple[GotModel, SampleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = model_and_rows
    questions = samples.rows.records()[:12]
    for place, record in enumerate(questions):
        turn = replace(record.turns[0], response="7" * (1 + 5 * place % 12))
        questions[place] = replace(record, turns=(turn,))
    batches = []

    def note(model: GotModel, encoder: SampleEncoder, samples: list[Sample], limit: int) -> list[str]:
        batches.append([len(sample.input_ids) for sample in samples])
        return [sample.location for sample in samples]

    monkeypatch.setattr(module, "_generate_batch", note)
    answers = list(generate(model, samples.encoder, questions, max_new_tokens=6, batch_size=3))
    assert answers == [record.location for record in questions]
    assert [len(batch) for batch in batches] == [3, 3, 3, 3]
    assert sum(batches, []) == sorted(sum(batches, []))
