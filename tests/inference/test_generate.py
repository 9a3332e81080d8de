import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters
from transformers import CompileConfig, GotOcr2ForConditionalGeneration

from got_train.config import NO_REPEAT_NGRAM_SIZE, DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data.errors import RowError
from got_train.data.readers import open_rows
from got_train.data.record import Record, Turn
from got_train.data.samples import Sample, SampleEncoder, SampleSet
from got_train.inference import generate as module
from got_train.inference.answer import Answer
from got_train.inference.generate import generate, prompt_ids, stream
from got_train.model.compilation import compile_decoding
from got_train.model.got import GotModel, normalized, tile_shape
from got_train.model.loading import build_model
from got_train.report import UserError
from got_train.vocabulary import IGNORE_INDEX, MESSAGE_END
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
    alone = texts_of(model, samples.encoder, questions, max_new_tokens=6, batch_size=1)
    together = texts_of(model, samples.encoder, questions, max_new_tokens=6, batch_size=17)
    assert alone == together
    assert len(set(alone)) > 1


def texts_of(*given: object, **options: object) -> list[str]:
    return [answer.text for answer in generate(*given, **options)]  # type: ignore[arg-type]


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
    assert texts_of(model, samples.encoder, [record], 40, 1) == ["a" * 7]
    del model.config.text_config.max_position_embeddings  # some architectures have no end
    assert texts_of(model, samples.encoder, [record], 9, 1) == ["a" * 9]
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
    single, several = texts_of(model, samples.encoder, questions, max_new_tokens=40, batch_size=2)
    assert several == "a" * 40
    assert single != several and single.startswith("a" * 20)


def test_a_stream_is_the_answer_in_pieces(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    model, samples = model_and_rows
    record = samples.rows.records()[2]
    pieces = list(stream(model, samples.encoder, record, max_new_tokens=12))
    assert "".join(pieces) == texts_of(model, samples.encoder, [record], 12, 1)[0]
    say_for_ever(model, samples.encoder.tokenizer.encode("\n")[0])
    pieces = list(stream(model, samples.encoder, record, max_new_tokens=12))
    assert [piece for piece in pieces if piece] == ["\n"] * 12


def test_a_stream_that_nobody_reads_on_stops_the_model(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    model, samples = model_and_rows
    say_for_ever(model, samples.encoder.tokenizer.encode("\n")[0])
    steps: list[None] = []
    model.lm_head.register_forward_hook(lambda *_: steps.append(None))
    pieces = stream(model, samples.encoder, samples.rows.record(16), max_new_tokens=120)
    while not next(pieces):  # the first pieces are empty until a word is whole
        pass
    pieces.close()
    assert 0 < len(steps) < 120


def test_a_stream_returns_the_whole_answer(model_and_rows: tuple[GotModel, SampleSet]) -> None:
    model, samples = model_and_rows
    record = samples.rows.records()[2]
    pieces = stream(model, samples.encoder, record, max_new_tokens=12, log_probs=True)
    with pytest.raises(StopIteration) as ended:
        while True:
            next(pieces)
    (whole,) = generate(model, samples.encoder, [record], 12, 1, log_probs=True)
    assert ended.value.value == whole


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
    monkeypatch.setattr(
        module, "_generate_batch", lambda m, e, samples, limit, **_: asked.append(limit) or [""]
    )
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
    expected = [texts_of(model, samples.encoder, questions, limit, batch_size=4) for limit in limits]
    compile_decoding(model)
    compiling = CompileConfig(backend="eager", mode=None)
    compiling._compile_all_devices = True  # transformers would leave it out on a CPU
    model.generation_config.compile_config = compiling
    counters.clear()
    assert expected == [texts_of(model, samples.encoder, questions, limit, batch_size=4) for limit in limits]
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

    def note(
        model: GotModel, encoder: SampleEncoder, samples: list[Sample], limit: int, **options: bool
    ) -> list[Answer]:
        batches.append([len(sample.input_ids) for sample in samples])
        return [Answer(sample.location) for sample in samples]

    monkeypatch.setattr(module, "_generate_batch", note)
    answers = texts_of(model, samples.encoder, questions, max_new_tokens=6, batch_size=3)
    assert answers == [record.location for record in questions]
    assert [len(batch) for batch in batches] == [3, 3, 3, 3]
    assert sum(batches, []) == sorted(sum(batches, []))


def test_probabilities_are_those_of_the_loss_in_any_batch(
    model_and_rows: tuple[GotModel, SampleSet],
) -> None:
    """Trained on as the answers to their questions, the answers have a loss of minus their probabilities."""
    model, samples = model_and_rows
    questions = samples.rows.records()
    plain = texts_of(model, samples.encoder, questions, max_new_tokens=12, batch_size=5)
    batches = [
        list(generate(model, samples.encoder, questions, 12, size, log_probs=True)) for size in (1, 5, 17)
    ]
    for answers in batches:
        assert [answer.text for answer in answers] == plain
        for answer, alone in zip(answers, batches[0], strict=True):
            assert answer.confidence == pytest.approx(alone.confidence, rel=1e-4)
    compared = 0
    for record, answer in zip(questions, batches[1], strict=True):
        assert len(answer.tokens) == 12  # an untrained model does not end
        sample = samples.encoder.sample(record)
        prompt = torch.from_numpy(prompt_ids(sample))
        text_ids = torch.tensor(samples.encoder.tokenizer.encode(answer.text))
        if len(text_ids) != 12:  # it has said a part of a character
            continue
        ids = torch.cat([prompt, text_ids])[None]
        labels = torch.full_like(ids, IGNORE_INDEX)
        labels[0, len(prompt) :] = text_ids
        tiles = torch.from_numpy(sample.tiles) if len(sample.tiles) else None
        with torch.no_grad():
            loss = model(input_ids=ids, labels=labels, tiles=tiles, num_items_in_batch=1).loss
        assert sum(token.log_prob for token in answer.tokens) == pytest.approx(-loss.item(), rel=1e-4)
        compared += 1
    assert compared > 5


def test_a_token_that_the_rule_enforces_is_one_that_the_model_doubts(
    model_and_rows: tuple[GotModel, SampleSet],
) -> None:
    model, samples = model_and_rows
    say_for_ever(model, samples.encoder.tokenizer.encode("a")[0])
    model.lm_head.bias.data *= 100
    [answer] = generate(model, samples.encoder, [samples.rows.record(0)], 40, 1, log_probs=True)
    probabilities = [round(math.exp(token.log_prob), 6) for token in answer.tokens]
    assert answer.text.startswith("a" * 20)
    assert probabilities[:20] == [1] * 20
    assert 0 in probabilities[20:]
    assert answer.confidence < 1e-6


def test_the_end_of_an_answer_counts_and_what_pads_it_does_not(
    model_and_rows: tuple[GotModel, SampleSet],
) -> None:
    """One answer ends after two tokens, and waits for the other in its batch."""
    model, samples = model_and_rows
    tokenizer = samples.encoder.tokenizer
    end = tokenizer.convert_tokens_to_ids(MESSAGE_END)
    ids = [[*tokenizer.encode("ab"), end], tokenizer.encode("abcabc")]
    probs = [[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]] * 2
    longest = max(map(len, ids))
    rows = [row + [tokenizer.pad_token_id] * (longest - len(row)) for row in ids]
    short, long = (module._tokens(tokenizer, row, probs[0]) for row in rows)
    assert [token.text for token in short] == ["a", "b", ""]
    assert [token.log_prob for token in short] == [-1, -2, -3]
    assert "".join(token.text for token in long) == "abcabc"


@pytest.mark.parametrize("beams", [2, 4])
def test_beams_are_those_of_transformers(model_and_rows: tuple[GotModel, SampleSet], beams: int) -> None:
    """As its own search over pixels and token ids finds them, with the same rule, alone and in batches."""
    model, samples = model_and_rows
    tokenizer = samples.encoder.tokenizer
    questions = [record for record in samples.rows.records() if record.images]
    found = texts_of(model, samples.encoder, questions, 12, batch_size=5, beams=beams)
    for record, text in zip(questions, found, strict=True):
        sample = samples.encoder.sample(record)
        prompt = torch.from_numpy(prompt_ids(sample))[None]
        with torch.no_grad():
            output = GotOcr2ForConditionalGeneration.generate(
                model,
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                pixel_values=normalized(torch.from_numpy(sample.tiles), model.dtype),
                num_beams=beams,
                do_sample=False,
                max_new_tokens=12,
                no_repeat_ngram_size=NO_REPEAT_NGRAM_SIZE if len(sample.tiles) == 1 else 0,
                eos_token_id=tokenizer.convert_tokens_to_ids(MESSAGE_END),
                pad_token_id=tokenizer.pad_token_id,
            )
        assert text == tokenizer.decode(output[0, prompt.shape[1] :], skip_special_tokens=True)
    assert found != texts_of(model, samples.encoder, questions, 12, batch_size=5)
