"""ms-swift's command lines, for those who know them.

`got-train swift sft|infer|export ...` works out what a command line of swift 2 or 4 means here, says it, and
runs it. An option that means nothing here is named and refused; none is ignored.
"""

from collections.abc import Sequence


def run(command: str, words: Sequence[str]) -> int:
    """Runs `sft`, `infer` or `export` with swift's options, and returns the exit code."""
    from got_train.swift import checkpoints, sft

    commands = {"sft": sft.sft, "infer": checkpoints.infer, "export": checkpoints.export}
    return commands[command](words)
