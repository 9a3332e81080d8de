"""Draws how runs learn, one beside the other, against the rows that they have seen.

    python scripts/learning_curves.py AdamW=output/adamw/v0-* Muon=output/muon/v0-* --output curves.svg

Runs with the same label have the same colour, as of three seeds. Each key of the log has a panel.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

from got_train.run_folders import LOG_FILE, STEPS_FILE
from got_train.training.callbacks import read_log
from got_train.training.resume import read_steps

KEYS = {"eval_cer": "CER of held-out rows", "eval_picture_gain": "picture gain, nats a token"}
"""What is drawn, and its name."""

plt.rcParams["svg.hashsalt"] = "got-train"  # the same runs give the same file


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "runs", nargs="+", metavar="LABEL=RUN", help="a folder vN-..., and its name in the figure"
    )
    parser.add_argument("--output", type=Path, required=True, help="the SVG file")
    given = parser.parse_args(words)
    runs = [run.split("=", 1) for run in given.runs]
    labels = list(dict.fromkeys(label for label, _ in runs))
    figure, panels = plt.subplots(1, len(KEYS), figsize=(4.5 * len(KEYS), 3.5), squeeze=False)
    for axes, (key, title) in zip(panels[0], KEYS.items(), strict=True):
        for label, run in runs:
            axes.plot(*points(Path(run), key), ".-", color=f"C{labels.index(label)}", label=label)
        axes.set_xlabel("rows seen")
        axes.set_title(title)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
    handles, names = panels[0][0].get_legend_handles_labels()
    panels[0][0].legend(dict(zip(names, handles, strict=True)).values(), labels)
    figure.tight_layout()
    figure.savefig(given.output, metadata={"Date": None})


def points(run: Path, key: str) -> tuple[list[int], list[float]]:
    """The rows that a run had seen whenever it logged a key, and what it logged."""
    rows = int(read_steps(run / STEPS_FILE)["step_rows"])
    logged = [(rows * row["step"], row[key]) for row in read_log(run / LOG_FILE) if key in row]
    return [seen for seen, _ in logged], [value for _, value in logged]


if __name__ == "__main__":
    main()
