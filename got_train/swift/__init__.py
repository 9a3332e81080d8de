"""ms-swift's command lines, for its users.

`got-train swift sft|infer|export ...` translates a command line of swift 2 or 4 into a config, prints it, and
runs it. An option without a meaning here is refused by name; none is ignored.
"""

from collections.abc import Sequence

from got_train.report import UserError

INSTEAD = {
    "merge-lora": "use `got-train swift export --merge_lora true`",
    "eval": "use `got-train eval`, which scores a file of answers",
    "pt": "use `got-train train` with the config of a stage",
    "deploy": "use `got-train infer`, or `got_train.Got` in Python",
}
"""What to use in place of swift's other commands."""


def run(command: str, words: Sequence[str]) -> int:
    """Runs `sft`, `infer` or `export` with swift's options, and returns the exit code.

    Raises:
        UserError: for any other command, and for all errors of these three.
    """
    from got_train.swift import infer_export, sft

    commands = {"sft": sft.sft, "infer": infer_export.infer, "export": infer_export.export}
    if command not in commands:
        hint = INSTEAD.get(command, "sft, infer and export are")
        raise UserError(f"swift {command} is not offered: {hint}")
    if {"--help", "-h"} & set(words):
        print(f"docs/swift.md lists the options of swift {command} and their meaning here")
        return 0
    return commands[command](words)
