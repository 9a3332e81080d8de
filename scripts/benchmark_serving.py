"""`got-train infer --server` beside `infer` without a server: the same model, pictures and answers.

    python scripts/benchmark_serving.py                                  # small model, transformers' server
    python scripts/benchmark_serving.py --engine vllm --python VLLM_ENVIRONMENT/bin/python --batch 1 8 32
    python scripts/benchmark_serving.py --model MODEL --data val.jsonl#64

Both take turns, so that a slow spell of the machine meets both; ratios are medians over the turns.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import benchmark_data
import requests

START_SECONDS = 1800
"""A server on a busy machine takes minutes to start."""


@contextmanager
def server(options: argparse.Namespace, model: str, log: Path) -> Iterator[str]:
    """The address of a server of the model, which ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    words = [
        options.python,
        "-m",
        "got_train",
        "serve",
        model,
        "--port",
        str(port),
        "--engine",
        options.engine,
    ]
    if options.engine_options:
        words.append(f"--engine-options={options.engine_options}")
    with open(log, "w") as file, subprocess.Popen(words, stdout=file, stderr=file) as process:
        try:
            begun = time.monotonic()
            while not _healthy(url):
                if process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                    raise SystemExit(f"the server has not started:\n{log.read_text()[-2000:]}")
                time.sleep(1)
            yield url
        finally:
            process.terminate()


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=START_SECONDS).ok
    except requests.ConnectionError:
        return False


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="model folder (default: the small model of benchmark_training.py)")
    parser.add_argument("--data", help="rows to read (default: pages drawn for the small model)")
    parser.add_argument("--count", type=int, default=16, help="of those pages (default: %(default)s)")
    parser.add_argument("--engine", choices=["transformers", "vllm"], default="transformers")
    parser.add_argument("--python", default=sys.executable, help="of the environment with the engine")
    parser.add_argument("--engine-options", help="more options of the engine")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8], help="pictures, questions at once")
    parser.add_argument("--turns", type=int, default=3, help="that count, after one that does not")
    parser.add_argument("--max-new-tokens", type=int, default=64, help="(default: %(default)s)")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.model is None or options.data is None:
            benchmark_data.prepare(folder, "small", options.count)
        model, data = options.model or str(folder / "qwen2"), options.data or str(folder / "texts.jsonl")
        with server(options, model, folder / "server.txt") as url:
            measure(options, model, data, url)
    print(benchmark_data.machine("cpu", "float32"))


def measure(options: argparse.Namespace, model: str, data: str, url: str) -> None:
    """Prints a row of a table for each batch size."""
    from got_train.inference.chat import Got
    from got_train.inference.predict import read_questions
    from got_train.inference.served import Served

    here, there = Got.from_pretrained(model), Served.at(url, model)
    records = read_questions(here, data)
    print(f"{len(records)} pictures, answers of up to {options.max_new_tokens} tokens, {options.engine}")
    print("| at once | infer, pictures/s | --server, pictures/s | ratio, median and range | same answers |")
    print("|---|---|---|---|---|")
    for batch in options.batch:
        seconds: dict[str, list[float]] = {"here": [], "there": []}
        same = 0
        for _ in range(options.turns + 1):
            answers = []
            for place, got in (("here", here), ("there", there)):
                begun = time.perf_counter()
                answers.append(list(got.read(records, options.max_new_tokens, batch)))
                seconds[place].append(time.perf_counter() - begun)
            same = sum(one == other for one, other in zip(*answers, strict=True))
        local, served = (times[1:] for times in seconds.values())
        ratios = [one / other for one, other in zip(local, served, strict=True)]
        rates = [f"{len(records) / statistics.median(times):.3g}" for times in (local, served)]
        spread = f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| {batch} | {rates[0]} | {rates[1]} | {spread} | {same} of {len(records)} |", flush=True)


if __name__ == "__main__":
    main()
