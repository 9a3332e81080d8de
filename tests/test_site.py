"""The documents as a site: built strictly, nothing from another host, and a search that finds answers."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HANG_SECONDS
from tests.documents import ROOT, read

pytest.importorskip("material", reason="pip install 'got-train[docs]'")
pytest.importorskip("mkdocstrings", reason="pip install 'got-train[docs]'")
pytest.importorskip("mkdocs_static_i18n", reason="pip install 'got-train[docs]'")

LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*rel=\"stylesheet\"[^>]*href=\"([^\"]+)\""
)
"""What a page loads by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    warnings = [
        line for line in (done.stdout + done.stderr).splitlines() if re.match("WARNING|ERROR|Aborted", line)
    ]
    assert (done.returncode, warnings) == (0, []), done.stderr
    return folder


def test_every_page_is_there_in_both_languages(site: Path) -> None:
    pages = [page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/**/*.md")]
    for page in pages:
        if not page.name.endswith(".zh.md"):
            assert '<html lang="en"' in read(site / page.with_suffix(".html"))
            assert '<html lang="zh"' in read(site / "zh" / page.with_suffix(".html"))
    assert "第一个模型" in read(site / "zh" / "first-model.html")


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    for page in site.glob("**/*.html"):
        loaded = [one or other for one, other in LOADED.findall(read(page))]
        assert loaded and [name for name in loaded if re.match("(https?:)?//", name)] == []


def test_tables_and_lists_have_become_such(site: Path) -> None:
    """A line of a table or list without an empty line above it would stay text."""
    for page in site.glob("**/*.html"):
        text = re.sub(r"<(pre|code|script)\b.*?</\1>", "", read(page), flags=re.DOTALL)
        shown = re.sub(r"<[^>]*>", "", text)
        assert re.findall(r"^(?:\| .*|- \S.*|\|---.*|:::.*)$", shown, flags=re.MULTILINE) == [], page.name


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("beam search", "faq.html"),
        ("confidence answer", "faq.html"),
        ("ollama", "faq.html"),
        ("vllm", "serving.html"),
        ("num_train_epochs", "configuration.html"),
        ("loss nan", "troubleshooting.html"),
        ("no network offline", "troubleshooting.html"),
        ("korean", "tasks/new-language.html"),
        ("from_pretrained", "python.html"),
        ("显存", "zh/troubleshooting.html"),
        ("学习率", "zh/configuration.html"),
    ],
)
def test_the_search_has_the_words_of_a_page(site: Path, words: str, page: str) -> None:
    index = json.loads(read(site / "search" / "search_index.json"))
    texts = [
        f"{entry['title']} {entry['text']}" for entry in index["docs"] if entry["location"].startswith(page)
    ]
    plain = re.sub(r"<[^>]*>|\u200b", "", " ".join(texts)).lower()
    assert [word for word in words.split() if word not in plain] == []
