"""The model in Python and its files of answers."""

import copy
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

from got_train import Got
from got_train.cli import main
from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data.readers import open_rows
from got_train.files import lock
from got_train.inference import chat
from got_train.inference import predict as module
from got_train.inference.answer import Answer, Token
from got_train.inference.predict import predict, read_answers, read_questions
from got_train.inference.questions import question
from got_train.model.fingerprint import weights_fingerprint
from got_train.model.loading import build_model
from got_train.model.processor import build_processor
from got_train.report import UserError
from got_train.vocabulary import BOX_TOKENS, END_OF_TEXT, MESSAGE_END
from tests.conftest import DECODERS, ENCODER, HANG_SECONDS, write_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer_dir: str) -> Path:
    """A small model that says different things of different pictures."""
    shape = {**DECODERS["qwen2"], "tie_word_embeddings": False}  # tied, it would repeat its last token
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=shape, tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 128, seed=0)
    path = tmp_path_factory.mktemp("model")
    model.save_pretrained(path)
    build_processor(model.config, tokenizer, SampleConfig()).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def got(folder: Path) -> Got:
    return Got.from_pretrained(folder)


@pytest.fixture
def pictures(rows_file: Path) -> list[Path]:
    return [rows_file.parent / f"{number}.png" for number in range(4)]


def test_a_list_gives_what_each_picture_gives(got: Got, pictures: list[Path]) -> None:
    together = got.chat(pictures, max_new_tokens=8, batch_size=3)
    assert together == [got.chat(str(picture), max_new_tokens=8) for picture in pictures]
    assert together == [got.chat(Image.open(picture), max_new_tokens=8) for picture in pictures]
    assert len(set(together)) > 1


def test_in_bfloat16_positions_keep_their_frequencies(got: Got, folder: Path) -> None:
    rounded = Got.from_pretrained(folder, dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in rounded.model.parameters()} == {torch.bfloat16}
    frequencies = [model.model.language_model.rotary_emb.inv_freq for model in (got.model, rounded.model)]
    assert torch.equal(*frequencies) and frequencies[1].dtype == torch.float32
    assert rounded.model.lm_head.weight.dtype == torch.bfloat16


def test_every_way_of_asking(got: Got, pictures: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def read(self: Got, records: list, *limits: int) -> Iterator[str]:
        asked.extend(record.turns[0].query.replace("<image>", "") for record in records)
        asked.append(records[0].crop)
        return iter(["" for _ in records])

    monkeypatch.setattr(Got, "read", read)
    got.chat(pictures[0], "format", ocr_color="green")
    got.chat(pictures[0], ocr_type="ocr", ocr_box=[0, 0, 16, 32])
    got.chat(pictures[0], with_boxes=True)
    got.chat_crop(pictures[0])
    got.chat_pages(pictures)
    assert asked == [
        "[green] OCR with format: ",
        None,
        "[0, 0, 500, 1000] OCR: ",
        None,
        "OCR with boxes: ",
        None,
        "OCR with format upon the patch reference: ",
        True,
        "OCR with format across multi pages: ",
        None,
    ]


def test_answers_come_as_a_page_too(got: Got, pictures: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("markdown_it", reason="the extra render is not installed")
    page = tmp_path / "out" / "demo.html"
    answer = got.chat(pictures[0], "format", render=True, save_render_file=page, max_new_tokens=4)
    assert "OCR with format:" in page.read_text() and page.read_text().count("<img") == 1
    assert isinstance(answer, str)
    with pytest.raises(UserError, match="render=True needs save_render_file"):
        got.chat(pictures[0], render=True)


def test_pages_of_a_pdf_are_pictures(got: Got, tmp_path: Path) -> None:
    pages = [Image.new("RGB", (100, 100), color) for color in ("white", "black")]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    answers = [got.chat(f"{tmp_path}/a.pdf:{number}", max_new_tokens=4) for number in (1, 2)]
    assert answers == got.chat(pages, max_new_tokens=4)


def test_a_file_of_answers_has_one_writer(got: Got, rows_file: Path, tmp_path: Path) -> None:
    questions, output = read_questions(got, str(rows_file)), tmp_path / "answers.jsonl"
    with open(output, "a") as other:
        lock(other, output)
        with pytest.raises(UserError) as caught:
            predict(got, questions, output, max_new_tokens=4, batch_size=4)
    assert str(caught.value) == f"{output} is being written by another process"
    predict(got, questions[:1], output, max_new_tokens=4, batch_size=4)


def cut_off(
    got: Got, questions: list[Any], output: Path, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves what a process that was killed has left of a file of answers."""

    def kill(*given: Any, **ways: Any) -> Iterator[Answer]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(chat, "generate", kill)
        predict(got, questions, output, max_new_tokens=4, batch_size=4)
    output.write_text(written)


def test_a_stopped_file_of_answers_is_gone_on_with(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = read_questions(got, str(rows_file))
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    predict(got, questions, whole, max_new_tokens=4, batch_size=4)
    lines = whole.read_text().splitlines(keepends=True)
    asked = []
    generate = chat.generate
    cut_off(got, questions, stopped, "".join(lines[:6]) + lines[6][:40], monkeypatch)

    def count(*args: Any, **ways: Any) -> Iterator[Answer]:
        asked.append(len(args[2]))
        return generate(*args, **ways)

    monkeypatch.setattr(chat, "generate", count)
    predict(got, questions, stopped, max_new_tokens=4, batch_size=4, resume=True)
    assert asked == [11]
    assert stopped.read_bytes() == whole.read_bytes()
    assert json.loads(lines[0])["labels"] == "000"
    with pytest.raises(UserError, match="whole.jsonl holds answers to other questions: remove it"):
        predict(got, questions[1:], whole, max_new_tokens=4, batch_size=4, resume=True)
    stopped.write_text("not ours\nnor whole")
    with pytest.raises(UserError, match="stopped.jsonl holds answers to other questions"):
        predict(got, questions, stopped, max_new_tokens=4, batch_size=4, resume=True)
    assert stopped.read_text() == "not ours\nnor whole"
    predict(got, questions[1:], whole, max_new_tokens=4, batch_size=4)
    assert whole.read_text().splitlines(keepends=True) == lines[1:]


def test_only_the_model_that_began_a_file_of_answers_goes_on_with_it(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    questions = read_questions(got, str(rows_file))
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    predict(got, questions, whole, 4, 4)
    first = "".join(whole.read_text().splitlines(keepends=True)[:3])
    cut_off(got, questions, stopped, first, monkeypatch)
    other = replace(got, model=copy.deepcopy(got.model))
    with torch.no_grad():
        next(other.model.parameters())[0] += 1
    with pytest.raises(UserError) as caught:
        predict(other, questions, stopped, 4, 4, resume=True)
    assert str(caught.value) == (
        f"{stopped} was begun by another model: name that one, or another output, or give --overwrite"
    )
    with pytest.raises(UserError, match=r"stopped.jsonl was begun with max_new_tokens 4, and it is 5: take"):
        predict(got, questions, stopped, 5, 4, resume=True)
    sample = replace(got.encoder.config, system="s")
    said = replace(got, encoder=replace(got.encoder, config=sample))
    with pytest.raises(UserError, match=r"stopped.jsonl was begun with sample.system None, and it is s: tak"):
        predict(said, questions, stopped, 4, 4, resume=True)
    assert stopped.read_text() == first
    same = replace(got, model=copy.deepcopy(got.model).to(torch.bfloat16))  # as on a GPU
    assert weights_fingerprint(same.model) == weights_fingerprint(got.model)
    predict(got, questions, stopped, 4, 4, resume=True)
    assert stopped.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.model.json"))
    capsys.readouterr()
    predict(other, questions, whole, 4, 4, resume=True)
    assert capsys.readouterr().out == f"{whole} has all answers already, none is read again\n"
    whole.write_text(first)
    with pytest.raises(UserError) as caught:
        predict(got, questions, whole, 4, 4, resume=True)
    assert str(caught.value) == (
        f"{whole} has 3 answers, and nothing tells which model gave them (there is no {whole}.model.json): "
        "answer the other rows into another output, or give --overwrite"
    )


def test_benchmark_files_are_asked_in_our_words(got: Got, rows_file: Path, tmp_path: Path) -> None:
    """Fox's rows ask `OCR this image: `, name pictures without their folder, and may have no answer."""
    said = [{"from": "human", "value": "<image>\nOCR this image: "}, {"from": "gpt", "value": ""}]
    file = tmp_path / "bench" / "fox.json"
    file.parent.mkdir()
    file.write_text(json.dumps([{"image": "3.png", "conversations": said}]))
    data = replace(got.config.data, image_root=str(rows_file.parent))
    here = replace(got, config=replace(got.config, data=data))
    predict(here, read_questions(here, str(file), "OCR: "), tmp_path / "out.jsonl", 4, 1)
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert row["query"] == "<image>OCR: "
    assert row["response"] == got.chat(rows_file.parent / "3.png", max_new_tokens=4)
    assert row["labels"] is None


def test_corrected_answers_are_trained_on(got: Got, rows_file: Path, tmp_path: Path) -> None:
    """An answers file says everything once, so that a corrected `response` is what training reads."""
    picture = str(rows_file.parent / "1.png")
    asked: list[dict[str, Any]] = [
        {"query": "<image>OCR: ", "response": "a"},
        {"query": "next", "response": "a", "history": [["<image>q", "r"]], "system": "s", "crop": True},
        {"query": "next", "response": "a", "system": ""},
        {
            "messages": [
                {"role": "user", "content": [{"type": "image", "image": picture}, {"text": "q"}]},
                {"role": "assistant", "content": "r", "loss": False},
                {"role": "user", "content": "next"},
                {"role": "assistant", "content": "a"},
            ],
        },
    ]
    rows = write_rows(tmp_path / "rows.jsonl", [row | {"images": [picture], "kind": "k"} for row in asked])
    questions, output = read_questions(got, str(rows)), tmp_path / "out.jsonl"
    predict(got, questions, output, max_new_tokens=2, batch_size=4)
    predict(got, questions, output, max_new_tokens=2, batch_size=4, resume=True)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert list(answers[0]) == ["query", "response", "labels", "images", "kind"]
    assert {"query", "response", "labels", "system", "history", "crop", "images", "kind"} == set(answers[1])
    write_rows(output, [row | {"response": "corrected"} for row in answers])
    for asked_before, corrected in zip(questions, open_rows(str(output)).records(), strict=True):
        *before, last = asked_before.turns
        turns = (*before, replace(last, response="corrected"))
        assert corrected == replace(asked_before, turns=turns, location=corrected.location)


def test_files_of_answers_tell_how_sure_they_are(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In keys that training does not read, equal in batches and alone, and gone on with."""
    questions, plain, sure, alone = (
        read_questions(got, str(rows_file)),
        *(tmp_path / f"{name}.jsonl" for name in ("plain", "sure", "alone")),
    )
    predict(got, questions, plain, 6, 8)
    predict(got, questions, sure, 6, 8, confidence=True)
    predict(got, questions, alone, 6, 1, confidence=True)
    texts = [file.read_text().splitlines(keepends=True) for file in (plain, sure, alone)]
    before, rows, single = ([json.loads(line) for line in lines] for lines in texts)
    for row, one, without in zip(rows, single, before, strict=True):
        assert row == without | {key: row[key] for key in ("confidence", "line_confidences")}
        assert len(row["line_confidences"]) == len(row["response"].split("\n"))
        assert 0 < row["confidence"] <= min(row["line_confidences"]) <= 1
        assert row["confidence"] == pytest.approx(one["confidence"], rel=1e-3)
        assert row["line_confidences"] == pytest.approx(one["line_confidences"], rel=1e-3)
    for with_it, without_it in zip(
        open_rows(str(sure)).records(), open_rows(str(plain)).records(), strict=True
    ):
        assert with_it == replace(without_it, location=with_it.location)
    stopped = tmp_path / "stopped.jsonl"
    cut_off(got, questions, stopped, "", monkeypatch)
    with pytest.raises(
        UserError, match="stopped.jsonl was begun with confidence False, and it is True: take"
    ):
        predict(got, questions, stopped, 4, 4, resume=True, confidence=True)
    with pytest.raises(
        UserError, match="plain.jsonl has all answers already, without their confidence: leav"
    ):
        predict(got, questions, plain, 6, 8, resume=True, confidence=True)
    predict(got, questions, sure, 6, 8, resume=True, confidence=True)
    assert sure.read_text() == "".join(texts[1])


def test_confidences_are_printed_before_the_lines(
    got: Got, pictures: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    said = Answer("a\nb", (Token("a\n", math.log(0.5)), Token("b", math.log(0.25)), Token("", 0.0)))
    monkeypatch.setattr(Got, "from_pretrained", lambda *given, **options: got)
    monkeypatch.setattr(chat, "generate", lambda *given, **ways: iter([said]))
    monkeypatch.setattr("got_train.run_folders.resolve_checkpoint", lambda model: model)
    with pytest.raises(SystemExit):
        main(["infer", "model", "--image", str(pictures[0]), "--confidence"])
    assert capsys.readouterr().out == "0.500  a\n0.250  b\nconfidence 0.125\n"


def test_text_with_boxes_is_json_in_pixels(
    got: Got, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    said = Answer("<ref>a\nb</ref><box>(250,0),(1000,500)</box><ref>c")
    monkeypatch.setattr(Got, "from_pretrained", lambda *given, **options: got)
    monkeypatch.setattr(
        chat, "generate", lambda model, encoder, records, *more, **ways: iter([said] * len(records))
    )
    monkeypatch.setattr("got_train.run_folders.resolve_checkpoint", lambda model: model)
    images = [str(path.resolve()) for path in pictures[:2]]
    with pytest.raises(SystemExit):
        main(["infer", "model", "--image", *images, "--with-boxes"])
    regions = [{"box": [8.0, 0.0, 32.0, 16.0], "text": "a\nb", "format": False}]
    expected = {"regions": regions, "broken_regions": 1}
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == [{"images": [image], **expected} for image in images]
    output = tmp_path / "read.jsonl"
    words = ["infer", "model", "--image", *images, "--with-boxes", "--output", str(output)]
    for more in ([], ["--resume"]):  # a file with all answers is recognised
        with pytest.raises(SystemExit) as caught:
            main([*words, *more])
        assert caught.value.code in (None, 0)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["query"] for row in rows] == ["<image>OCR with boxes: "] * 2
    assert [{key: row[key] for key in expected} for row in rows] == [expected] * 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "--stream --with-boxes",
            "--stream prints an answer while it is written, --with-boxes as JSON: leave out one",
        ),
        (
            "--with-boxes --color red",
            "with_boxes asks for all texts of the image: leave out box and color",
        ),
        (
            "--stream --confidence",
            "--stream prints an answer while it is written: leave out --beams and --conf",
        ),
        (
            "--stream --beams 2",
            "--stream prints an answer while it is written: leave out --beams and --confid",
        ),
        (
            "--confidence --beams 2",
            "--confidence and --torch-compile are of greedy answers: leave out --beams",
        ),
        (
            "--server http://127.0.0.1:9 --beams 2",
            "--beams is of a model that is read here: leave out --server",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(
    words: str, message: str, pictures: list[Path], capsys: Any
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["infer", "model", "--image", str(pictures[0]), *words.split()])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith(f"got-train: error: {message}")


def test_files_that_do_not_tell_of_beams_are_gone_on_with(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, output = read_questions(got, str(rows_file)), tmp_path / "out.jsonl"
    cut_off(got, questions, output, "", monkeypatch)
    facts = tmp_path / "out.jsonl.model.json"
    told = json.loads(facts.read_text())
    facts.write_text(json.dumps({key: told[key] for key in told if key not in ("beams", "confidence")}))
    with pytest.raises(UserError, match="out.jsonl was begun with beams 1, and it is 2: take the same"):
        predict(got, questions, output, 4, 4, resume=True, beams=2)
    predict(got, questions, output, 4, 4, resume=True)


SEPARATORS = "a\u2028b\u2029c\x85d"
"""Lines for str.splitlines, and not for JSON."""


def test_answers_with_odd_separators_are_gone_on_with(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "generate", lambda *given, **ways: iter([Answer(SEPARATORS) for _ in given[2]]))
    questions = read_questions(got, str(rows_file))
    file = tmp_path / "out.jsonl"
    predict(got, questions[:3], file, 4, 1)
    cut_off(got, questions, file, file.read_text(), monkeypatch)
    predict(got, questions, file, 4, 1, resume=True)
    assert read_answers(file) == [SEPARATORS] * 17


def test_processes_go_on_with_the_file_of_one(
    got: Got, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = read_questions(got, str(rows_file))
    file = tmp_path / "out.jsonl"
    monkeypatch.setattr(
        chat, "generate", lambda *given, **ways: iter([Answer("one process") for _ in given[2]])
    )
    predict(got, questions[:7], file, 4, 1)
    cut_off(got, questions, file, file.read_text(), monkeypatch)
    asked = {}

    def answer(*given: Any, **ways: Any) -> Iterator[Answer]:
        asked[number] = len(given[2])
        return iter([Answer(f"{SEPARATORS} {number}") for _ in given[2]])

    monkeypatch.setattr(chat, "generate", answer)
    monkeypatch.setattr(module, "world_size", lambda: 2)
    monkeypatch.setattr(module, "rank", lambda: number)
    monkeypatch.setattr(module, "open_process_group", lambda backend, timeout: None)
    number = 1
    predict(got, questions, file, 4, 1, resume=True)
    number = 0
    predict(got, questions, file, 4, 1, resume=True)
    assert asked == {0: 5, 1: 5}
    rest = [f"{SEPARATORS} {place % 2}" for place in range(10)]
    assert read_answers(file) == ["one process"] * 7 + rest
    assert [path.name for path in tmp_path.glob("out.jsonl*")] == ["out.jsonl"]


@pytest.mark.slow
def test_processes_share_the_rows(folder: Path, got: Got, rows_file: Path, tmp_path: Path) -> None:
    alone, shared = tmp_path / "alone.jsonl", tmp_path / "shared.jsonl"
    predict(got, read_questions(got, str(rows_file)), alone, max_new_tokens=4, batch_size=4)
    launch = "-m torch.distributed.run --standalone --nproc_per_node=2 -m got_train".split()
    words = ["infer", folder, "--data", rows_file, "--output", shared, "--max-new-tokens", 4]
    result = subprocess.run(
        [sys.executable, *launch, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == f"17 rows written to {shared}"
    assert shared.read_bytes() == alone.read_bytes()
    assert not list(tmp_path.glob("*.part-*"))


def test_a_stream_ends_as_the_answer(got: Got, pictures: list[Path]) -> None:
    record = question([pictures[1]])
    assert "".join(got.stream(record, 8)) == got.chat(pictures[1], max_new_tokens=8)


def test_answers_keep_the_tokens_of_boxes_and_lose_those_of_prompts(
    got: Got, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In GOT's vocabulary of the hub they are special tokens, as those of the prompts are."""
    backend = Tokenizer.from_str(got.encoder.tokenizer.backend_tokenizer.to_str())
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in BOX_TOKENS])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=END_OF_TEXT)
    marked = replace(got, encoder=replace(got.encoder, tokenizer=tokenizer))
    text = "<ref>12</ref><box>(1,2),(3,4)</box>\n<ref>\u4e2d \u00e9</ref><box>(5,6),(7,8)</box>"
    ids = tokenizer.encode(f"{text}{MESSAGE_END}{END_OF_TEXT}{END_OF_TEXT}")
    assert tokenizer.decode(ids, skip_special_tokens=True).startswith("12(1,2)")

    def generated(streamer: Any = None, **options: Any) -> torch.Tensor:
        prompt = options["input_ids"]
        if streamer:
            streamer.put(prompt)
            for token in ids:
                streamer.put(torch.tensor([token]))
            streamer.end()
        return torch.cat([prompt, torch.tensor([ids])], dim=1)

    monkeypatch.setattr(marked.model, "generate", generated)
    assert marked.chat(pictures[0], with_boxes=True) == text
    assert "".join(marked.stream(question([pictures[0]], with_boxes=True))) == text
