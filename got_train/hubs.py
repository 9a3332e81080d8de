"""Ids of models and data sets: of Hugging Face, or of ModelScope, which are downloaded into a folder."""

import functools
import os
import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import requests

from got_train.report import UserError

MODEL_FILES = ("*.json", "*.txt", "*.tiktoken", "*.safetensors")
"""The files of a model that are downloaded; of code there are none."""

ANSWER_SECONDS = 5
"""Longest wait to see whether the hub answers."""

REACH_SECONDS = 10
"""Longest wait for a connection to a hub that a push cannot do without."""

ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", flags=re.ASCII)
"""Owner and name, on either hub."""

_PREFIX = re.compile(r"(ms|hf)::(.*)", flags=re.IGNORECASE | re.DOTALL)


def split_hub(name: str) -> tuple[bool, str]:
    """Whether a name is one of ModelScope, and the name without the prefix that says so.

    `MS::` and `HF::` before a name have precedence over the environment variable `USE_HF`, which chooses for
    all others as in ms-swift: 0 means ModelScope. Unlike there, it is 1 if it is not set.

    >>> split_hub("MS::AI-ModelScope/LaTeX_OCR:small")
    (True, 'AI-ModelScope/LaTeX_OCR:small')

    Raises:
        UserError: if `USE_HF` is neither 0 nor 1.
    """
    match = _PREFIX.fullmatch(name)
    if match is not None:
        return match[1].lower() == "ms", match[2]
    given = os.environ.get("USE_HF", "1")
    if given.lower() not in (*ON, *OFF):
        raise UserError(f"USE_HF={given}: allowed are 1 (Hugging Face) and 0 (ModelScope)")
    return given.lower() in OFF, name


@functools.cache
def try_hub() -> None:
    """Looks once whether Hugging Face can be reached at all; if not, only its cache is used from then on.

    Its package would ask again for half a minute, for each file. One that answers slowly is asked
    by the package, which waits longer.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return
    for seconds in (1, 0):
        try:
            get_session().head(constants.ENDPOINT, timeout=ANSWER_SECONDS)
            return
        except Exception as error:  # of httpx, or since release 2 of the hub's package of httpx2
            if type(error).__name__ != "ConnectError":  # no such host, no route to it, or nothing listens
                return
            time.sleep(seconds)
    constants.HF_HUB_OFFLINE = True


def check_reached(hub: str, address: str) -> None:
    """Looks whether a hub can be reached at all: its package might ask again and again for half a minute.

    Raises:
        UserError: if nothing takes a connection within `REACH_SECONDS`.
    """
    reached = threading.Event()

    def connect() -> None:
        try:
            with suppress(requests.ReadTimeout):  # it answers slowly, which its package waits for
                requests.head(address, timeout=(REACH_SECONDS, 1))
        except requests.RequestException:
            return
        reached.set()

    # A silent name server is waited for longer than any time limit of a request.
    asking = threading.Thread(target=connect, daemon=True)
    asking.start()
    asking.join(REACH_SECONDS)
    if not reached.is_set():
        raise UserError(
            f"{hub} was not reached: nothing answers at {address}; look at the network or its proxy"
        )


def has_prefix(name: str) -> bool:
    return _PREFIX.fullmatch(name) is not None


def hub_model(name: str) -> str:
    """A model as transformers takes it: a path or an id of Hugging Face; ModelScope's are downloaded.

    Raises:
        UserError: if a prefix is before no id, or ModelScope has no such model.
    """
    on_modelscope, model = split_hub(name)
    if HUB_ID.fullmatch(model) is None or Path(name).exists():
        if has_prefix(name):
            raise UserError(f"{name}: after the prefix comes an id, as in MS::stepfun-ai/GOT-OCR2_0")
        return name
    if not on_modelscope:
        try_hub()
        return model
    folder = modelscope_folder(model, "model", MODEL_FILES)
    if not any(folder.glob("*.safetensors")):
        folder = modelscope_folder(model, "model", (*MODEL_FILES, "*.bin"))
    return str(folder)


@functools.cache
def modelscope_folder(
    name: str, kind: Literal["model", "dataset"], files: Sequence[str] | None = None
) -> Path:
    """The folder with the files of a repository on ModelScope, from its package's cache if they are there.

    Raises:
        UserError: if there is no such repository, it cannot be reached, or the package is not installed.
    """
    api, hub_error = modelscope_api(f"{kind} {name} is to come from ModelScope, which")
    try:
        patterns = list(files) if files else None
        folder: Path = api.download_repo(name, kind, allow_patterns=patterns)
    except (hub_error, OSError) as error:  # those of requests are OSErrors
        reason = " ".join(str(error).split())
        raise UserError(f"no {kind} {name} on ModelScope: {reason}") from None
    return folder


def modelscope_api(what: str) -> tuple[Any, type[Exception]]:
    """ModelScope's own package: its client, and the error that it raises.

    Raises:
        UserError: if it is not installed; `what` needs it.
    """
    try:
        from modelscope_hub import HubApi, HubError
    except ModuleNotFoundError:
        raise UserError(f"{what} needs modelscope-hub: pip install -e '.[modelscope]'") from None
    return HubApi(), HubError
