"""Matter: what stands in it, how often, and that it comes from the generator of the sample alone."""

import re
from pathlib import Path

import numpy as np
import pytest

from data_engines.options import Range
from data_engines.tools.corpora import CLOSING, complex_character, language_of, word_spans
from data_engines.tools.matter.filler import Matter, Tongue, read_matter
from data_engines.tools.prose import read_prose
from data_engines.tools.signs import REFERENCE, count_characters, frequencies
from data_engines.tools.texts import MATTER, read_texts

LINES = {"en": ("Some words of prose, and a few more of them.",), "zh": ("这是一句中文，里面有逗号。",)}


@pytest.fixture(params=["en", "zh"])
def matter(request: pytest.FixtureRequest) -> Matter:
    return read_matter(request.param, LINES[request.param], np.random.default_rng(0))


def pieces(matter: Matter, count: int, seed: int = 1) -> list[str]:
    rng = np.random.default_rng(seed)
    return [matter.choose(rng) for _ in range(count)]


def test_the_same_generator_gives_the_same_matter(matter: Matter) -> None:
    assert pieces(matter, 50) == pieces(matter, 50) != pieces(matter, 50, seed=2)
    assert read_matter(matter.tongue, matter.lines, np.random.default_rng(0)) == matter


def test_every_template_can_be_drawn_by_the_characters_that_are_named(matter: Matter) -> None:
    drawn = pieces(matter, 5000) + [matter.choose_sentence(np.random.default_rng(i)) for i in range(200)]
    assert set("".join(drawn)) - {" "} <= matter.characters() | set("".join(matter.lines))
    assert not any(map(complex_character, drawn))
    assert all(text == " ".join(text.split()) and text for text in drawn)
    if matter.tongue == "en":
        assert {language_of(text) for text in drawn} == {"en"}


FOUND: dict[Tongue, tuple[str, ...]] = {
    "en": (
        *(
            r"\$\d[\d,]*\.\d\d\b",
            r"€\d",
            r"\d,\d\d €",
            r"\b(19|20)\d\d-\d\d-\d\d\b",
            r"\w+ \d{1,2}, (19|20)\d\d",
        ),
        *(
            r"\d{1,2}:\d\d (AM|PM)",
            r"\(\d{3}\) 555-0\d{3}",
            r"\w@\w+[\w-]*\.\w",
            r"https?://",
            r"\d%",
            r"\d kg",
        ),
        *(r"\d{5}$", r"\.{6,} [\d,]+$", r"^\([a-z]\) ", r"^“.*”$", r"^INV|Invoice #", r"\w == \w", r"^• "),
    ),
    "zh": (
        *(
            r"¥\d",
            r"\d元",
            r"\d亿元",
            r"(19|20)\d\d年\d+月\d+日",
            r"[一二三四五六七八九十]+月[一二三四五六七八九十]+日",
        ),
        *(
            r"[上下]午\d+:\d\d",
            r"1\d\d \d{4} \d{4}",
            r"010-\d{8}",
            r"省|市|县",
            r"\w@\w",
            r"https?://",
            r"\d%",
        ),
        *(r"\d公斤", r"[.…·]{6,}[\d,]+$", r"^（\d+）", r"^“.*”$", r"《.*》", r"^第.+章", r"<\w+>"),
    ),
}


def test_documents_matter_is_all_there(matter: Matter) -> None:
    drawn = pieces(matter, 6000)
    missing = [
        pattern for pattern in FOUND[matter.tongue] if not any(re.search(pattern, text) for text in drawn)
    ]
    assert missing == []


def test_the_share_is_that_of_the_texts() -> None:
    texts = read_texts(None, "en", 0.3, np.random.default_rng(0))
    lines, rng = set(texts.lines), np.random.default_rng(1)
    share = np.mean([texts.choose(rng) not in lines for _ in range(4000)])
    assert abs(share - 0.3) < 0.03


def test_texts_of_packages_have_about_the_digits_and_signs_of_documents() -> None:
    texts = read_texts(None, "mixed", None, np.random.default_rng(0))
    assert texts.share == MATTER
    rng = np.random.default_rng(1)
    counts = count_characters(texts.choose_run(rng, Range(2, 8)) for _ in range(8000))
    english = dict(zip(REFERENCE, frequencies(counts["en"]), strict=True))
    for sign in ("digits", "$", "%", "@", "#", "/", "=", "+", "( )", '" “ ”', ".", ",", ":", ";"):
        assert 0.4 < english[sign] / REFERENCE[sign][0] < 2.5, sign
    assert all(english[sign] > 0.1 for sign in ("€ £ ¥ ￥", "|", "*", "&", "< >", "_", "[ ]", "{ }"))
    chinese = dict(zip(REFERENCE, frequencies(counts["zh"]), strict=True))
    for sign in ("digits", "，", "。", "、", "；", "（ ）", '" “ ”'):
        assert 0.4 < chinese[sign] / REFERENCE[sign][1] < 2.5, sign
    bare = read_prose("mixed", np.random.default_rng(0))
    assert not any(set("$%@#€|=+") & set(line) for line in bare.lines)


def test_no_run_of_words_begins_with_closing_or_ends_with_opening_punctuation() -> None:
    texts = read_texts(None, "zh", 0.5, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    for _ in range(3000):
        text = texts.choose(rng)
        words = [text[start:end] for start, end in word_spans(text)]
        assert "".join(words).replace(" ", "") == text.replace(" ", "")
        assert not any(word[0] in CLOSING for word in words)
        assert not any(word[-1] in "（《「【“〔" for word in words)


def test_a_users_texts_have_no_matter_unless_it_is_asked_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    file = tmp_path / "corpus.txt"
    file.write_text("one\ntwo\n")
    assert read_texts(file, None, None, rng).share == 0
    mixed = read_texts(file, None, 0.5, rng)
    assert [matter.tongue for matter in mixed.matter] == ["en"]
    assert [source.licence for source in mixed.sources] == ["its owner's terms", "MIT"]
    alone = {read_texts(file, None, 1.0, rng).choose(rng) for _ in range(20)}
    assert not alone & {"one", "two"}
