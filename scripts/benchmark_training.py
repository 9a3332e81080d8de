"""Speed and memory of this project beside its peers, on the same model, data and batches.

    python scripts/benchmark_training.py --quick              # small model, 2 candidates: minutes on 2 cores
    python scripts/benchmark_training.py --size full --works stage2 encoder
    python scripts/benchmark_training.py --swift /path/to/swift-environment/bin/python --json results.json

Each candidate is a process of its own, so that each has its own peak memory. They take turns, one optimizer
step (or one pass) at a time, so that a slow spell of the machine meets all of them; ratios are medians over
the turns. With `--alone` each runs to its end before the next one starts, for models of which two do not fit
into memory.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import benchmark_data

WORKER = Path(__file__).with_name("benchmark_worker.py")
WORKS = ("encoder", "lora_first_epoch", "lora_later_epochs", "stage1", "stage2", "stage3", "inference")
CANDIDATES = ("got_train", "transformers", "ms_swift")
OURS = "got_train"
NOT_BY_SWIFT = ("encoder", "stage1", "inference")
"""ms-swift has no stage 1; the others are not training."""
DENSE_TFLOPS = {"H100 PCIe": 756, "H100 NVL": 835, "H100": 989, "H200": 989, "A100": 312, "L40S": 362}
"""bf16, dense, by data sheet; the first name that a device's contains is its own."""


@dataclass
class Candidate:
    """A process that does one step for each line it is sent."""

    name: str
    process: subprocess.Popen[str]
    seconds: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def turn(self) -> None:
        """One step; raises if the process has ended."""
        self.seconds.append(self._ask("go")["seconds"])

    def end(self) -> None:
        """Lets the process say what it has used, and ends it."""
        self.facts = self._ask("end")
        self.process.kill()
        self.process.wait()

    def _ask(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the loop below finds nothing then
            print(word, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("BENCHMARK "):
                told: dict[str, Any] = json.loads(line.removeprefix("BENCHMARK "))
                return told
        raise SystemExit(f"{self.name} ended early, see its log above")


def start(name: str, work: str, options: argparse.Namespace, folder: Path) -> Candidate:
    """Starts a candidate; what it prints besides goes to a log in its folder."""
    python = options.swift if name == "ms_swift" else sys.executable
    home = folder / f"{work}-{name}"
    home.mkdir()
    words = [name, work, str(folder), str(home), options.device, options.dtype, str(options.batch)]
    with open(home / "log.txt", "w") as log:
        process = subprocess.Popen(
            [python, str(WORKER), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "USE_HF": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
    return Candidate(name, process)


def measure(work: str, options: argparse.Namespace, folder: Path) -> dict[str, Candidate]:
    """All candidates on one work."""
    with_swift = options.swift and work not in NOT_BY_SWIFT
    names = [name for name in CANDIDATES if with_swift or name != "ms_swift"]
    groups = [[name] for name in names] if options.alone else [names]
    done = {}
    for group in groups:
        running = [start(name, work, options, folder) for name in group]
        try:
            for turn in range(options.warmup + options.turns):
                for candidate in running:
                    candidate.turn()
                    said = f"\r{work} {candidate.name} {turn}: {candidate.seconds[-1]:.2f} s    "
                    print(said, end="", file=sys.stderr)
            for candidate in running:
                candidate.end()
        except SystemExit:
            for candidate in running:
                candidate.process.kill()
                print((folder / f"{work}-{candidate.name}" / "log.txt").read_text()[-2000:], file=sys.stderr)
            raise
        done |= {candidate.name: candidate for candidate in running}
    print(file=sys.stderr)
    return done


def summary(candidates: dict[str, Candidate], options: argparse.Namespace) -> dict[str, Any]:
    """Rates, memory and ratios of one work, from the turns after the warm-up."""
    result: dict[str, Any] = {}
    timed = {name: candidate.seconds[options.warmup :] for name, candidate in candidates.items()}
    for name, candidate in candidates.items():
        facts, seconds = candidate.facts, statistics.median(timed[name])
        result[name] = {
            "samples_per_s": facts["samples"] / seconds,
            "tokens_per_s": facts["tokens"] / seconds,
            "peak_memory_gb": facts["peak_memory_gb"],
            "tflop_per_sample": facts["tflop_per_sample"],
            "tflop_per_sample_counted": facts["tflop_per_sample_counted"],
        }
        peak = next((tflops for chip, tflops in DENSE_TFLOPS.items() if chip in facts["device"]), None)
        if peak and options.dtype == "bfloat16":
            result[name]["utilisation"] = facts["tflop_per_sample"] * facts["samples"] / seconds / peak
    result["ratios"] = {}
    for name in candidates.keys() - {OURS}:
        pairs = zip(timed[OURS], timed[name], strict=True)
        result["ratios"][name] = {
            "speed": statistics.median(theirs / mine for mine, theirs in pairs),
            "memory": result[OURS]["peak_memory_gb"] / result[name]["peak_memory_gb"],
        }
    return result


def table(results: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "| work | candidate | samples/s | tokens/s | peak memory, GB | TFLOP a sample | speed | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for work, result in results.items():
        for name in CANDIDATES:
            if name not in result:
                continue
            row, ratio = result[name], result["ratios"].get(name)
            ratios = f"{ratio['speed']:.2f}x | {ratio['memory']:.2f}" if ratio else "|"
            lines.append(
                f"| {work} | {name} | {row['samples_per_s']:.3g} | {row['tokens_per_s']:.4g} "
                f"| {row['peak_memory_gb']:.2f} | {row['tflop_per_sample']:.3g} | {ratios} |"
            )
    lines.append("\nspeed: got_train's over the candidate's; memory: got_train's peak over the candidate's")
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--size", choices=benchmark_data.SIZES, default="small", help="of the model")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="(default: float32 on a CPU)")
    parser.add_argument(
        "--batch", type=int, default=4, help="samples of a step, a quarter of the pictures read"
    )
    parser.add_argument("--turns", type=int, default=6, help="steps that count (default: %(default)s)")
    parser.add_argument("--warmup", type=int, default=1, help="steps before them (default: %(default)s)")
    parser.add_argument("--alone", action="store_true", help="one candidate after the other")
    parser.add_argument("--quick", action="store_true", help="small model, batch and number of turns")
    parser.add_argument("--swift", help="python of an environment with ms-swift 4")
    parser.add_argument("--json", type=Path, help="file to write")
    options = parser.parse_args()
    if options.json and options.json.exists():
        parser.error(f"{options.json} exists: choose another file")
    options.dtype = options.dtype or ("float32" if options.device == "cpu" else "bfloat16")
    if options.quick:
        options.size, options.batch, options.turns = "small", 2, 2
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        benchmark_data.prepare(folder, options.size, rows=options.batch * (options.warmup + options.turns))
        for work in options.works:
            benchmark_data.write_facts(work, folder)
            results[work] = summary(measure(work, options, folder), options)
            if options.json:
                options.json.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))
    print(benchmark_data.machine(options.device, options.dtype))


if __name__ == "__main__":
    main()
