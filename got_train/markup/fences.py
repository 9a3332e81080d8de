"""Fences of code in markdown, which chat models put round what they answer."""

import re

_FENCE = re.compile(
    r"\s*(?P<marks>`{3,}|~{3,})(?:[ \t]*[\w+-]*[ \t]*\r?\n)?"
    r"(?P<inside>(?:(?!(?P=marks)).)*)(?:(?P=marks)\s*)?",
    re.DOTALL,
)


def unfenced(text: str) -> str:
    r"""What stands between the fences of a text that is nothing else; any other text as it is.

    A text that was cut off may lack the second fence.

    >>> unfenced("```json\n{}\n```"), unfenced("a ```b```")
    ('{}\n', 'a ```b```')
    """
    match = _FENCE.fullmatch(text)
    return match["inside"] if match else text
