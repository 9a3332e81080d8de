"""`got-train push`: puts a model folder onto Hugging Face or ModelScope, with its card."""

import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import safe_open

from got_train.config import Config
from got_train.foreign_files import read_text, reading
from got_train.hubs import HUB_ID, MODEL_FILES, check_reached, modelscope_api, split_hub
from got_train.manifest import MANIFEST_FILE, check_file
from got_train.report import UserError, counted, one_line
from got_train.run_folders import ADAPTER_FILE, CONFIG_FILE, WEIGHTS, resolve_checkpoint

FILES = (*MODEL_FILES, "*.jinja", "README.md", "LICENSE*", CONFIG_FILE)
"""What is sent of a folder; the state of the training, from which a run goes on, is not."""

CARD_FILE = "README.md"

_BASE_LINE = re.compile(r"(?<=\n)base_model: *(.*)\n")

_HEAD = re.compile(r"---\n.*?\n---\n", flags=re.DOTALL)


def push(model: str, repo: str, public: bool, overwrite: bool) -> None:
    """Sends the files of a model to a repository, which is made if it is not there.

    Args:
        model: a model folder, a checkpoint or a run folder on this machine.
        repo: `owner/name` on Hugging Face, or `MS::owner/name` on ModelScope.
        public: whether everybody may read a repository that is made.
        overwrite: whether files of the repository may be replaced.

    Raises:
        UserError: for a folder without a model, a repository that has files of these names or other weights,
            or a hub that is not reached or refuses.
    """
    on_modelscope, name = split_hub(repo)
    if HUB_ID.fullmatch(name) is None:
        raise UserError(
            f"{repo} names no repository: it is OWNER/NAME, or MS::OWNER/NAME on ModelScope, in letters "
            "without accents, digits, - _ and ."
        )
    folder = Path(resolve_checkpoint(model))
    if not folder.is_dir():
        raise UserError(f"{model} is on a hub already: name a folder of this machine")
    files, left = files_of(folder)
    for file in files:
        check_file(folder / file)
        if Path(file).match(WEIGHTS):
            with reading(folder / file), safe_open(folder / file, framework="numpy"):
                pass  # its head is whole
    card, base = without_local_base(card_of(folder))
    print(f"{folder}: {counted(len(files) + (CARD_FILE not in files), 'file')}, {_size(folder, files)}")
    if left:
        print(f"left out, as no part of the model: {', '.join(left)}")
    if base is not None:
        print(f"its base model is {base}, which only this machine has: send that too, or a merged model")
    with TemporaryDirectory(prefix="got-train-push-") as staged:
        for file in files:
            (Path(staged) / file).symlink_to((folder / file).resolve())
        (Path(staged) / CARD_FILE).unlink(missing_ok=True)
        (Path(staged) / CARD_FILE).write_text(card, encoding="utf-8")
        send = _to_modelscope if on_modelscope else _to_hugging_face
        print(send(Path(staged), name, public, overwrite))


def files_of(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the files of a model that are sent, and of what else is in its folder.

    Raises:
        UserError: if there are no weights among them.
    """
    found = {path.name for pattern in FILES for path in folder.glob(pattern) if path.is_file()}
    files = sorted(found - {MANIFEST_FILE})  # which lists what is left out, too
    if not any(Path(name).match(WEIGHTS) for name in files):
        raise UserError(
            f"{folder} has no weights in files of safetensors: `got-train convert {folder} TARGET --to "
            "transformers` writes them"
        )
    return files, sorted(path.name for path in folder.iterdir() if path.name not in (*files, MANIFEST_FILE))


def card_of(folder: Path) -> str:
    """The card of a model: its own README.md, or else one that is made of its configuration."""
    file = folder / CARD_FILE
    if file.is_file():
        return read_text(file)
    from got_train.config_file import load_config
    from got_train.model.card import adapters_card, whole_card

    settings = folder / CONFIG_FILE
    config = load_config(settings) if settings.is_file() else Config(name=folder.name)
    is_adapter = (folder / ADAPTER_FILE).is_file()
    return adapters_card(config) if is_adapter else whole_card(config, folder)


def without_local_base(card: str) -> tuple[str, str | None]:
    """A card whose head names no base model that is on this machine only, and that model.

    Hugging Face refuses a card with a path as its base model.
    """
    head = _HEAD.match(card)
    base = head and _BASE_LINE.search(head[0])
    if base is None or (HUB_ID.fullmatch(base[1]) and not Path(base[1]).exists()):
        return card, None
    return card[: base.start()] + card[base.end() :], base[1]


def _size(folder: Path, files: Collection[str]) -> str:
    return f"{sum((folder / file).stat().st_size for file in files) / 1e6:,.1f} MB"


def _to_hugging_face(staged: Path, name: str, public: bool, overwrite: bool) -> str:
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError

    if constants.HF_HUB_OFFLINE:
        raise UserError("HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and nothing can be sent: unset it")
    api = HfApi()
    # The first base is the one of all errors of the package that speaks HTTP: httpx, or requests earlier.
    error = HfHubHTTPError.__bases__[0]
    with _refusals("Hugging Face", api.endpoint, "`hf auth login` or HF_TOKEN", error):
        exists = api.repo_exists(name)
        if exists:
            _check_present(name, staged, api.list_repo_files(name), overwrite)
        else:
            api.create_repo(name, private=not public)
        api.upload_folder(repo_id=name, folder_path=staged, commit_message="got-train push")
    return _done(f"{api.endpoint}/{name}", exists, public)


def _to_modelscope(staged: Path, name: str, public: bool, overwrite: bool) -> str:
    os.environ.setdefault("MODELSCOPE_LOG_LEVEL", "WARNING")  # else ten lines about its batches
    api, error = modelscope_api(f"pushing {name} to ModelScope")
    from modelscope_hub import get_default_config

    address = str(get_default_config().endpoint)
    with _refusals("ModelScope", address, "MODELSCOPE_API_TOKEN", error):
        exists = api.repo_exists(name, "model")
        if exists:
            present = [file.path for file in api.list_repo_files(name, "model")]
            _check_present(f"MS::{name}", staged, present, overwrite)
        else:
            api.create_repo(name, "model", visibility="public" if public else "private")
        api.upload_folder(
            name,
            "model",
            staged,
            commit_message="got-train push",
            use_cache=False,  # it would lie in the staged folder
            disable_tqdm=not sys.stderr.isatty(),
        )
    return _done(f"MS::{name}", exists, public)


def _done(address: str, existed: bool, public: bool) -> str:
    seen = "whoever could read the repository can" if existed else "public" if public else "private"
    return f"sent to {address} ({seen})"


def _check_present(repo: str, staged: Path, present: Collection[str], overwrite: bool) -> None:
    """Refuses to replace files, and to leave weights beside those that are sent, which programs might read.

    Raises:
        UserError: names the files.
    """
    ours = {path.name for path in staged.iterdir()}
    others = [name for name in sorted(present) if Path(name).match(WEIGHTS) and name not in ours]
    if others:
        raise UserError(
            f"{repo} has other weights, which programs might read instead ({_named(others)}): remove them "
            "there, or name another repository"
        )
    same = sorted(ours & set(present))
    if same and not overwrite:
        raise UserError(
            f"{repo} has {_named(same)} already: name another repository, or give --overwrite (the hub keeps "
            "what was before in its history)"
        )


def _named(files: list[str], most: int = 3) -> str:
    return ", ".join(files[:most]) + f" and {len(files) - most} more" * (len(files) > most)


@contextmanager
def _refusals(hub: str, address: str, login: str, error: type[Exception]) -> Iterator[None]:
    """Says in one line that a hub is not reached, or what it refuses.

    Raises:
        UserError: in place of `error`, and of what the system or the hub's package finds wrong.
    """
    check_reached(hub, address)
    try:
        yield
    except UserError:
        raise
    except (error, OSError, ValueError, RuntimeError) as refused:
        check_reached(hub, address)
        raise UserError(f"{hub} refuses: {one_line(refused)}; who you are is told by {login}") from None
