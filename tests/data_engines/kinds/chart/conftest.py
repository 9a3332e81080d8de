"""A chart and a look for it, which both libraries draw."""

from pathlib import Path

import pytest

pytest.importorskip("faker")
pytest.importorskip("py_mini_racer")

from data_engines.kinds.chart.data import Chart  # noqa: E402 (below the check that packages are installed)
from data_engines.kinds.chart.look import PALETTES, Look  # noqa: E402
from data_engines.kinds.chart.numbers import Axis  # noqa: E402
from data_engines.tools.fonts import Typeface  # noqa: E402
from got_train.packages import package_folder  # noqa: E402


@pytest.fixture(scope="session")
def sans() -> Path:
    return package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture(scope="session")
def columns() -> Chart:
    """Two groups of two bars with their numbers."""
    return Chart(
        form="column",
        title="Sales",
        source="Acme Ltd",
        x_title=None,
        y_title="Cost (USD)",
        categories=("2020", "2021"),
        series=("North", "South"),
        values=((125, 40), (200, 55)),
        places=1,
        axis=Axis(0, 250, 50),
        labelled=True,
    )


@pytest.fixture(scope="session")
def look(sans: Path) -> Look:
    font = Typeface(str(sans), 0, frozenset(), "DejaVu Sans", 400)
    return Look(
        width=800,
        height=600,
        size=14,
        title_size=18,
        font=font,
        title_font=font,
        style=(),
        colors=PALETTES[0],
        grid="solid",
        frame="box",
        legend="right",
        heading="center",
        axis_titles="middle",
        source_lead="Source: ",
        source_side="left",
        numbers="inside",
        tilt=45,
        fill=0.7,
        marker="o",
        stroke=2.0,
        edge=False,
        start=30,
    )
