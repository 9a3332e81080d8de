"""The Chinese pages are in step with the English ones that they were made of.

A Chinese page begins with `<!-- translated from PAGE.md, HASH -->`. The hash is that of the English page, its
generated tables left out. Who changes an English page reads the Chinese one, changes what has to be, and
writes the new hash, which the test prints.
"""

import hashlib
import re
from pathlib import Path

import pytest

from tests.documents import CHINESE, blocks, commands, read

TABLE = re.compile(r"(<!-- table ([\w.]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
WITH_TABLES_OF_THE_CODE = "swift.md"


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh.md", ".md"))


def fingerprint(page: Path) -> str:
    """Of what is written by hand."""
    return hashlib.sha256(TABLE.sub(r"\1\4", read(page)).encode()).hexdigest()[:12]


def headings(page: Path) -> list[str]:
    return HEADING.findall(re.sub(r"```.*?```", "", read(page), flags=re.DOTALL))


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_page_is_of_the_english_one_as_it_is(page: Path) -> None:
    english = english_of(page)
    first = f"<!-- translated from {english.name}, {fingerprint(english)} -->"
    assert read(page).splitlines()[0] == first, (
        f"{english.name} has changed: bring {page.name} in step, then make its first line\n{first}"
    )


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_it_has_the_same_headings_and_commands(page: Path) -> None:
    english = english_of(page)
    assert headings(page) == headings(english)
    for language in ("bash", "sh"):
        assert commands(read(page), language) == commands(read(english), language)
    for language in ("python", "json"):
        assert blocks(read(page), language) == blocks(read(english), language)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_it_has_the_same_tables_of_the_code(page: Path) -> None:
    """Of the options of swift all but the header; those of the configuration have sentences in Chinese."""
    ours, theirs = (
        {name: rows for _, name, rows, _ in TABLE.findall(read(file))} for file in (page, english_of(page))
    )
    assert list(ours) == list(theirs)
    if english_of(page).name == WITH_TABLES_OF_THE_CODE:
        for name, rows in theirs.items():
            assert ours[name].splitlines()[1:] == rows.splitlines()[1:], name


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_it_links_to_the_same_pages(page: Path) -> None:
    """A page of the site is named without its language; in the README, which stands alone, with it."""
    ours, theirs = (
        {target.replace(".zh.md", ".md") for target in re.findall(r"\]\((?!https?:)([^)#]+)", read(file))}
        for file in (page, english_of(page))
    )
    assert theirs - ours == set()
