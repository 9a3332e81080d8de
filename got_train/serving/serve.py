"""`got-train serve`: makes of any checkpoint a folder that a server takes, and becomes that server.

The servers are vLLM, with this package's plugin, and `transformers serve`: no server is written here.
"""

import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import torch
from huggingface_hub import constants
from transformers.utils.import_utils import is_serve_available

from got_train.command_options import SERVED_NAME, Engine
from got_train.files import atomic_folder, cache_folder, cache_name
from got_train.model.checkpoints import run_config
from got_train.model.convert import convert
from got_train.model.devices import check_device
from got_train.model.got import GotModel, tile_shape
from got_train.model.merge import merge
from got_train.model.original import layout_of
from got_train.model.processor import CHAT_TEMPLATE_FILE, build_processor, generation_config, save_processor
from got_train.model.shapes import read_got_config
from got_train.model.tokenizer import load_tokenizer
from got_train.model.weights import local_folder
from got_train.packages import install_line
from got_train.ranks import say
from got_train.report import UserError
from got_train.run_folders import CONFIG_FILE, check_no_base, merged_beside

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PLUGIN_GROUPS = ("vllm.general_plugins", "vllm.logits_processors")
"""Groups of entry points in which vLLM looks for plugins; `pyproject.toml` fills them."""


def serve(
    model: str,
    host: str,
    port: int,
    device: str | None = None,
    engine: Engine | None = None,
    base: str | None = None,
    more: Sequence[str] = (),
) -> NoReturn:
    """Becomes a server of OpenAI's protocol that answers as `infer` does.

    Args:
        model: a checkpoint or hub id; adapters are merged first, beside them.
        host: address to listen at.
        port: port to listen at.
        device: by default the GPU if there is one.
        engine: by default vLLM if it is installed.
        base: the base model of adapters; by default the one that they were trained on.
        more: options of the engine.

    Raises:
        UserError: if the model cannot be served, or there is no engine.
    """
    chosen = engine or ("vllm" if find_spec("vllm") else "transformers")
    check_engine(chosen)
    if device is not None:
        check_device(device)
    folder = servable(model, base).absolute()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if chosen == "transformers":  # its list of models fails where the hub's cache does not exist
        Path(constants.HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)
    os.chdir(_named(folder))
    words = [*command(chosen, folder, host, port, device), *more]
    environment = dict(os.environ)
    if chosen == "vllm" and device.startswith("cuda:"):
        environment["CUDA_VISIBLE_DEVICES"] = device.removeprefix("cuda:")
    say(f"{chosen} serves {folder} at http://{host}:{port}/v1, under the name {SERVED_NAME}")
    if host not in LOOPBACK:
        say(f"whoever reaches {host}:{port} can ask it: there is no password")
    say(f"ask it with: got-train infer {folder} --server http://{host}:{port} --image page.png")
    os.execve(sys.executable, words, environment)


def check_engine(engine: Engine) -> None:
    """Refuses an engine that is not installed, and a vLLM that would not find this package's plugin.

    Raises:
        UserError: with what to install.
    """
    if engine == "vllm" and not find_spec("vllm"):
        raise UserError("vLLM is not installed: pip install vllm, or leave out --engine")
    if engine == "vllm" and not all(entry_points(group=group, name="got_train") for group in PLUGIN_GROUPS):
        raise UserError(
            "vLLM would not find the plugin of got-train: an older one, or none, is installed beside it. "
            "Install this got-train again with pip, or take --engine transformers"
        )
    if engine == "transformers" and not is_serve_available():
        raise UserError(
            f"the server of transformers is not installed: {install_line('serve')}, or pip install vllm"
        )


def command(engine: Engine, folder: Path, host: str, port: int, device: str) -> list[str]:
    """The command of a server whose answers are those of `infer`: greedy, and in its types of weights.

    It is run where the folder is called `SERVED_NAME`.
    """
    where = ["--host", host, "--port", str(port)]
    settings = vllm_settings(folder, device)
    if engine == "transformers":
        kwargs = {"multi_page": True, **settings["mm_processor_kwargs"]}
        program = [sys.executable, "-m", "transformers.cli.transformers", "serve", SERVED_NAME]
        ways = ["--dtype", settings["dtype"], "--device", device]
        return [*program, *where, *ways, "--chat-template-kwargs", json.dumps(kwargs)]
    try:
        version("vllm")
        program = [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", SERVED_NAME]
    except PackageNotFoundError:  # its builds for CPUs have another name, which its own command does not know
        program = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", SERVED_NAME]
    words = []
    for name, value in settings.items():
        words += [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    return [*program, *where, *words]


def vllm_settings(folder: Path, device: str) -> dict[str, Any]:
    """Settings of vLLM's engine by which a folder answers as `infer` does."""
    tokens = tile_shape(read_got_config(str(folder))).num_tokens
    return {
        "dtype": "bfloat16" if device.startswith("cuda") else "float32",
        "mm_processor_kwargs": {"num_image_tokens": tokens},
        "override_generation_config": {"temperature": 0},
    }


def servable(model: str, base: str | None = None) -> Path:
    """The folder of a model that servers take, made if the given one is none.

    Args:
        model: a checkpoint or hub id.
        base: as in `serve`.

    Raises:
        UserError: for a model that no server knows.
    """
    check_no_base(model, base)
    if merged := merged_beside(model):
        if not merged.is_dir():
            say(f"merging {model}")
            merge(model, str(merged), base)
        model = str(merged)
    folder = local_folder(model)
    config = read_got_config(str(folder))
    with torch.device("meta"):
        stock = GotModel(config).is_stock
    if not stock:
        raise UserError(
            f"{model} has a decoder ({config.text_config.model_type}) or a connector that servers do not "
            "know: models of stage 2 and 3 are served"
        )
    if layout_of(folder) == "original":
        return _converted(folder)
    if (folder / CHAT_TEMPLATE_FILE).is_file():
        return folder
    return _completed(folder)


def _converted(folder: Path) -> Path:
    """A folder of the authors' layout in transformers', kept from one start to the next."""
    target = _kept_place(folder)
    if not target.is_dir():
        say(f"converting {folder}")
        target.parent.mkdir(parents=True, exist_ok=True)
        convert(str(folder), str(target), "transformers")
    return target


def _completed(folder: Path) -> Path:
    """A folder with what servers need beside the weights of one without, such as the published model."""
    target = _kept_place(folder)
    if target.is_dir():
        return target
    tokenizer, sample = load_tokenizer(str(folder)), run_config(folder, None, "original").sample
    with atomic_folder(target) as made:
        for pattern in ("config.json", CONFIG_FILE, "*.safetensors*", "*.bin*"):
            for file in folder.glob(pattern):
                (made / file.name).symlink_to(file.resolve())
        save_processor(build_processor(read_got_config(str(folder)), tokenizer, sample), made)
        generation_config(tokenizer).save_pretrained(made)
    return target


def _named(folder: Path) -> Path:
    """A folder in which the model's folder is called `SERVED_NAME`: servers call a model by its path."""
    place = cache_folder() / "served" / f"{cache_name(folder.resolve())}.name"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / SERVED_NAME).is_symlink():
        (place / SERVED_NAME).symlink_to(folder.resolve())
    return place


def _kept_place(folder: Path) -> Path:
    """A place in the user's cache that changes with the folder's files."""
    state = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]
    return cache_folder() / "served" / cache_name(repr((str(folder.resolve()), state)))
