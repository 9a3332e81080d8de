"""Secrets of a configuration: they are used, and reach no file, no log and no screen.

A secret is the value of a key that is named like one (`train.hub_token`), of an environment variable that is
(`HF_TOKEN`, `MY_API_KEY`), or what opens an address: a password (`https://user:password@host`) or a signature
(`https://host/x?sig=...`). `learn` notes it when it comes in; `masked` takes it out of every text that goes
out.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO
from urllib.parse import quote

MASK = "***"

MIN_CHARACTERS = 8
"""A shorter value is no secret: it would be found in texts by chance."""

_NAME = re.compile(
    r"(?:^|[^a-z])(?:token|secret|sig(?:nature)?|pass(?:word|wd|phrase)|credentials?|(?:api|access|private|secret)[_-]?key|key)$",
    re.IGNORECASE,
)
_NO_SECRETS = re.compile(r"(?:pad|bos|eos|unk|image|tie|sort|row)_?(?:token|key)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")
"""What stands before the host of an address."""
_PARAMETER = re.compile(r"(?<=[?&#;])([\w.-]+)=([^\s&#;'\"]+)")
"""A parameter of an address, and its value."""
_LOGIN = re.compile(r"(?<![\w.+-])[\w.+-]{1,99}:([^\s/@'\"]{8,999})(?=@[\w-])")
"""`user:password@host`, an address without `https://`; an answer of a model may look so: `mail:name@host`."""
_ASSIGNED = re.compile(r"(?<![\w.-])([\w.-]{1,99})['\"]?(\s{0,9}[=:]\s{0,9}|\s{1,9})['\"(\[{]{0,9}")
"""A name and what is between it and its value, however somebody has put them together."""
_VALUE = re.compile(r"[^\s'\"(){}\[\],;&]*")
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
    """Notes the texts of a value, if its name is that of a secret, and secrets inside of any other text."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            learn(name if is_secret_name(name) else str(key), entry)
            learn("", str(key))  # `{hub_token:X}` is a key
    elif isinstance(value, list | tuple):
        learn_words([entry for entry in value if isinstance(entry, str)])
        for entry in value:
            learn(name, entry)
    elif isinstance(value, str | int):
        text = str(value)
        found = [text, text.strip("'\"()[]{} ")] if is_secret_name(name) else _inside(text)
        for secret in found:
            if len(secret) >= MIN_CHARACTERS and not secret.startswith("${"):
                _known.update(_spellings(secret))


def _inside(text: str) -> Iterator[str]:
    """Secrets in a text that is none: those of addresses, and those behind a name, as in `{hub_token: X}`."""
    yield from (found[0].partition(":")[2] for found in _ADDRESS.finditer(text))
    yield from (found[1] for found in _LOGIN.finditer(text))
    yield from (found[2] for found in _PARAMETER.finditer(text) if is_secret_name(found[1]))
    place = 0
    while assigned := _ASSIGNED.search(text, place):
        name, between, place = assigned[1], assigned[2].strip(), assigned.end()
        # `key information` and `the token: none` are words of a sentence
        is_meant = re.search(r"[._-]", name) or (assigned.start() == 0 and between)
        if is_secret_name(name) and is_meant:
            if assigned.start() == 0:
                yield text[place:]
            value = _VALUE.match(text, place)
            assert value is not None
            yield value[0]
            place = value.end()


def _spellings(secret: str) -> Iterator[str]:
    """A secret as messages, JSON, YAML and addresses spell it."""
    yield from (secret, repr(secret)[1:-1], quote(secret), quote(secret, safe=""))
    yield from (json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False))


def learn_words(words: Sequence[str]) -> None:
    """Notes the secrets of a command line: `train.hub_token=X`, `--hub_token X`, `train.hub_token : X`."""
    for number, word in enumerate(words):
        name, _, value = word.partition("=")
        learn(name, value)
        learn("", word)
        if is_secret_name(name.rstrip(":")) and value == "" and re.search(r"[._-]", name):
            following = [entry.lstrip("=:") for entry in words[number + 1 : number + 3]]
            learn(name.rstrip(":"), next(filter(None, following), ""))


def learn_environment() -> None:
    """Notes the secrets of the environment, which any `${oc.env:NAME}` may bring into a configuration."""
    for name, value in os.environ.items():
        learn(name, value)


def masked(text: str) -> str:
    """A text without the secrets that are known, passwords of addresses, and what looks like a token.

    >>> masked("git clone https://me:word@host/x")
    'git clone https://***@host/x'
    >>> masked("https://host/x?page=2&X-Amz-Signature=12345")
    'https://host/x?page=2&X-Amz-Signature=***'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _PARAMETER.sub(lambda found: f"{found[1]}={MASK}" if is_secret_name(found[1]) else found[0], text)
    return _TOKENS.sub(MASK, _ADDRESS.sub(MASK, text))


def masked_message(text: str) -> str:
    """As `masked`, for a text that is no answer of a model: `user:password@host` holds a password there."""
    return masked(_LOGIN.sub(lambda found: found[0].removesuffix(found[1]) + MASK, text))


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


def print_answer(text: str, end: str = "\n") -> None:
    """Prints what a model has read as it is: a page may show addresses and what looks like a token."""
    stream = sys.stdout.stream if isinstance(sys.stdout, MaskedStream) else sys.stdout
    print(text, end=end, file=stream, flush=True)


@contextmanager
def masked_output(words: Sequence[str]) -> Iterator[None]:
    """Keeps the secrets of a command line and of the environment off the screen, whoever prints them."""
    learn_environment()
    learn_words(words)
    with redirect_stdout(MaskedStream(sys.stdout)), redirect_stderr(MaskedStream(sys.stderr)):
        yield
