"""What the documents say that can be run or read by a program: their commands, code and rows."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
ENGLISH = [page for page in PAGES if not page.name.endswith(".zh.md")]
CHINESE = [ROOT / "README.zh.md", *(page for page in PAGES if page.name.endswith(".zh.md"))]


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The blocks of code in a language. Commands of `bash` are understood or run by tests, those of `sh` say
    why they are not."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str, language: str = "bash") -> list[list[str]]:
    """The lines of a text's blocks, split into words, comments left out."""
    lines = [line for block in blocks(text, language) for line in block.splitlines() if line.strip()]
    return [shlex.split(re.sub(r"(^|\s)#\s.*", "", line)) for line in lines]


def without_variables(words: list[str]) -> list[str]:
    """A command without the variables that are set before it."""
    while re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return words


def launched(words: list[str]) -> list[str]:
    """What a launcher or a queue starts: the words behind the module's name, or those of the script."""
    if words[0] == "sbatch":
        script = next(number for number, word in enumerate(words) if word.endswith(".sh"))
        return ["train", *words[script + 1 :]]
    return words[words.index("got_train") + 1 :] if "got_train" in words else words[1:]


def run(words: list[str]) -> int:
    """Exit code of got-train."""
    from got_train.cli import main  # the site's tests need nothing of it

    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0)
