"""`got-train demo` and `got-train label`: their options, and the server that they start."""

import argparse
import errno
import socket
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from got_train.command_options import BASE_HELP, check_folder, positive
from got_train.config import MAX_NEW_TOKENS, MAX_PIXELS
from got_train.packages import install_line
from got_train.report import UserError, check_targets, counted

if TYPE_CHECKING:
    from got_train.demo.labelling import Entry
    from got_train.demo.server import Site
    from got_train.inference.chat import Got

GRACE_SECONDS = 3
"""How long answers that are being written may take after Ctrl-C."""

SMALL_MODELS = ("got-nano", "output/nano/got-nano", "output/quickstart/merged")
"""What `demo` shows without a model: weights of nano, here or where it makes them, or the quickstart's."""

MAX_CONNECTIONS = 100
"""More at once are turned away."""


def add_demo_options(demo: argparse.ArgumentParser) -> None:
    """The options of `demo`."""
    demo.add_argument(
        "model",
        nargs="?",
        help=f"model folder, checkpoint, run folder or hub id (default: {', else '.join(SMALL_MODELS)})",
    )
    demo.add_argument("second", nargs="?", metavar="model2", help="another one, to compare their answers")
    _add_server_options(demo)


def add_label_options(label: argparse.ArgumentParser) -> None:
    """The options of `label`."""
    label.add_argument(
        "photos", nargs="+", help="pictures, folders, PDF files; or rows to correct, as of `infer --output`"
    )
    label.add_argument("--model", help="what reads the pictures first (default: one starts with empty texts)")
    label.add_argument(
        "--output",
        type=Path,
        default=Path("rows.jsonl"),
        metavar="JSONL",
        help="accepted rows; an existing file is continued (default: %(default)s)",
    )
    label.add_argument("--format", action="store_true", help="formatted text: formulas, tables, markdown")
    label.add_argument("--image-root", help="folder in which relative image paths of rows are looked up")
    _add_server_options(label)


def _add_server_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default: this machine's own)"
    )
    command.add_argument("--port", type=positive, default=7860, help="(default: %(default)s)")
    command.add_argument("--device", help="such as cpu or cuda:1 (default: the GPU if there is one)")
    command.add_argument("--base", help=BASE_HELP)
    command.add_argument(
        "--max-new-tokens",
        type=positive,
        default=MAX_NEW_TOKENS,
        help="longest answer in tokens (default: %(default)s)",
    )


def demo(options: argparse.Namespace) -> int:
    """Serves the page on which people try one model, or two side by side."""
    _check_packages()
    from got_train.run_folders import resolve_checkpoint

    given = (options.model or _small_model(), options.second)
    paths = [resolve_checkpoint(path) for path in given if path is not None]
    with _listening(options.host, options.port) as address, TemporaryDirectory(prefix="got-demo-") as folder:
        from got_train.demo.pictures import Uploads
        from got_train.demo.server import Site

        models = [_read_model(path, options) for path in paths]
        pixels = min([MAX_PIXELS, *(model.encoder.config.max_pixels for model in models)])
        uploads = Uploads(Path(folder), pixels)
        _run(Site(_names(paths), models, options.max_new_tokens, uploads), options, address)


def _small_model() -> str:
    """The first of the small models that is there.

    Raises:
        UserError: if none is.
    """
    found = [path for path in SMALL_MODELS if Path(path).is_dir()]
    if not found:
        there = ", ".join(SMALL_MODELS)
        raise UserError(f"demo: name a MODEL, or run `got-train quickstart`: none of {there} is here")
    return found[0]


def label(options: argparse.Namespace) -> int:
    """Serves the page on which people correct what a model has read, or write it themselves."""
    _check_packages()
    check_folder("--image-root", options.image_root)
    if options.output.suffix != ".jsonl":
        raise UserError(f"--output {options.output}: rows are a .jsonl file")
    targets = [options.output, *([_readings_of(options.output)] if options.model else [])]
    check_targets(targets, options.photos, overwrite=True)
    from got_train.run_folders import resolve_checkpoint

    path = None if options.model is None else resolve_checkpoint(options.model)
    if path is None and options.base is not None:
        raise UserError("--base is of adapters that --model names: give both or none")
    from got_train.demo.labelling import find_entries

    entries = find_entries(options.photos, "format" if options.format else "ocr", options.image_root)
    with _listening(options.host, options.port) as address:
        _label(entries, path, options, address)


def _label(
    entries: "list[Entry]", path: str | None, options: argparse.Namespace, address: socket.socket
) -> NoReturn:
    """Serves the page of entries, which a model, if there is one, reads meanwhile."""
    from got_train.demo.corrections import Corrections
    from got_train.demo.labelling import Labelling
    from got_train.demo.readings import Readings
    from got_train.demo.server import Site

    with Corrections.opened(options.output) as corrections:
        models = [] if path is None else [_read_model(path, options)]
        readings = None
        for model in models:
            readings = Readings(_readings_of(options.output), model.identity)
            readings.fill(entries)
        pixels = min([MAX_PIXELS, *(model.encoder.config.max_pixels for model in models)])
        labelling = Labelling(entries, corrections, pixels)
        print(
            f"{counted(len(entries), 'picture')}, {labelling.counts()['done']} done; "
            f"rows go to {options.output}"
        )
        if corrections.cut_off:
            print(f"the last line of {options.output} was cut off, as by a crash: it was removed")
        names = [] if path is None else _names([path])
        site = Site(names, models, options.max_new_tokens, labelling=labelling, readings=readings)
        _run(site, options, address)


def _readings_of(output: Path) -> Path:
    """Where a model's readings are kept beside the rows."""
    return output.with_suffix(".readings.jsonl")


def _check_packages() -> None:
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise UserError(f"the page needs starlette and uvicorn: {install_line('demo')}")


def _listening(host: str, port: int) -> socket.socket:
    """A socket at an address; it is taken before a model is read, which may take minutes.

    Raises:
        UserError: if the address cannot be taken.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        advice = "give another --port" if error.errno == errno.EADDRINUSE else "give another --host or --port"
        reason = str(error.strerror).partition(" (while")[0]
        raise UserError(f"the page cannot be at {host}:{port} ({reason}): {advice}") from None
    except OverflowError:
        raise UserError(f"--port {port} is none: they go up to 65535") from None


def _read_model(path: str, options: argparse.Namespace) -> "Got":
    from got_train.inference.chat import Got
    from got_train.model.devices import check_device

    if options.device is not None:
        check_device(options.device)
    return Got.from_pretrained(path, device=options.device, base=options.base)


def _names(paths: list[str]) -> list[str]:
    """The models as the page calls them: by the ends of their paths, as long as tells them apart.

    >>> _names(["output/a/v0/checkpoint-8", "output/b/v0/checkpoint-8"]), _names(["a/b"])
    (['a/v0/checkpoint-8', 'b/v0/checkpoint-8'], ['b'])
    """
    parts = [Path(path).parts for path in paths]
    for number in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-number:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{path} ({number})" for number, path in enumerate(names, 1)]


def _run(site: "Site", options: argparse.Namespace, address: socket.socket) -> NoReturn:
    """Serves the page until Ctrl-C or another signal ends it.

    Raises:
        KeyboardInterrupt: after Ctrl-C.
        StoppedError: after another signal.
    """
    import uvicorn

    from got_train.demo.server import LOOPBACK_HOSTS, build

    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"the page is at http://{host}:{options.port} (Ctrl-C ends it)")
    if options.host not in LOOPBACK_HOSTS:
        print(f"whoever reaches {host}:{options.port} can use it: there is no password")
    config = uvicorn.Config(
        build(site, options.host),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=MAX_CONNECTIONS,
    )
    uvicorn.Server(config).run(sockets=[address])
    raise KeyboardInterrupt  # the signal that the server raises again at its end was seen to get lost
