"""Secrets of a configuration: they are used, and reach no file, no log and no screen.

A secret is the value of a key that is named like one (`train.hub_token`), of an environment variable that is
(`HF_TOKEN`, `MY_API_KEY`), or the password of an address (`https://user:password@host`). `learn` notes it
when it comes in; `masked` takes it out of every text that goes out.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

MASK = "***"

MIN_CHARACTERS = 8
"""A shorter value is no secret: it would be found in texts by chance."""

_NAME = re.compile(
    r"(?:^|[^a-z])(?:token|secret|pass(?:word|wd|phrase)|credentials?|(?:api|access|private|secret)[_-]?key|key)$",
    re.IGNORECASE,
)
_NO_SECRETS = re.compile(r"(?:pad|bos|eos|unk|image|tie|sort|row)_?(?:token|key)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")
"""What stands before the host of an address."""
_TOKENS = re.compile(r"\b(?:hf_|sk-|ghp_|github_pat_|glpat-)[A-Za-z0-9_-]{16,}")
"""Tokens by their looks: of Hugging Face, OpenAI, GitHub and GitLab."""

_known: set[str] = set()


def is_secret_name(name: str) -> bool:
    """Whether a key, option or variable has a secret, by its last part.

    >>> [is_secret_name(name) for name in ("train.hub_token", "HF_TOKEN", "WANDB_API_KEY", "--hub-token")]
    [True, True, True, True]
    >>> [is_secret_name(name) for name in ("sample.max_new_tokens", "tokenizer", "pad_token", "monkey")]
    [False, False, False, False]
    """
    last = name.rpartition(".")[2].strip("-")
    return _NAME.search(last) is not None and _NO_SECRETS.search(last) is None


def learn(name: str, value: Any) -> None:
    """Notes the texts of a value, if its name is that of a secret."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            learn(name if is_secret_name(name) else str(key), entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            learn(name, entry)
    elif isinstance(value, str | int) and is_secret_name(name):
        text = str(value)
        if len(text) >= MIN_CHARACTERS and not text.startswith("${"):
            _known.add(text)


def learn_words(words: Sequence[str]) -> None:
    """Notes the secrets of a command line: `train.hub_token=X`, `--hub_token X`."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        learn(name, value if equals else following if word.startswith("-") else None)


def learn_environment() -> None:
    """Notes the secrets of the environment, which any `${oc.env:NAME}` may bring into a configuration."""
    for name, value in os.environ.items():
        learn(name, value)


def masked(text: str) -> str:
    """A text without the secrets that are known, passwords of addresses, and what looks like a token.

    >>> masked("git clone https://me:word@host/x")
    'git clone https://***@host/x'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _TOKENS.sub(MASK, _ADDRESS.sub(MASK, text))


def masked_values(value: Any, name: str = "") -> Any:
    """Nested sections and lists with masked texts; the value of a secret's key becomes None."""
    if isinstance(value, dict):
        return {key: masked_values(entry, str(key)) for key, entry in value.items()}
    if isinstance(value, list):
        return [masked_values(entry, name) for entry in value]
    if is_secret_name(name):
        return None
    return masked(value) if isinstance(value, str) else value


class MaskedStream:
    """A stream that writes texts without their secrets, whoever writes them: a library, or a traceback."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Writes a text; returns how many characters were given."""
        self.stream.write(masked(text))
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        """Writes lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
