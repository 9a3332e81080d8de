"""Scores of a file of predictions."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from got_train.evaluation.metrics import text_metrics
from got_train.report import UserError, table


def read_predictions(path: Path) -> list[dict[str, Any]]:
    """Rows that `got-train infer --output` wrote: `response` is the prediction, `labels` the reference.

    Raises:
        UserError: for a missing file or a row without them.
    """
    if not path.is_file():
        raise UserError(f"predictions file {path} does not exist")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not JSON: {error}") from None
        for key in ("response", "labels"):
            if not isinstance(row, dict) or not isinstance(row.get(key), str):
                raise UserError(f"{path}:{number}: no {key} text; rows need response and labels")
        rows.append(row)
    if not rows:
        raise UserError(f"{path} has no rows")
    return rows


def evaluate(path: Path) -> dict[str, dict[str, float]]:
    """Scores of all rows (`all`) and of each kind, where rows name more than one.

    Returns:
        For each of them, the metrics of `text_metrics` and `rows`.
    """
    rows = read_predictions(path)
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        kinds[str(row.get("kind", "rows"))].append(row)
    groups = {"all": rows} | (kinds if len(kinds) > 1 else {})
    return {
        name: {
            "rows": float(len(group)),
            **text_metrics([row["response"] for row in group], [row["labels"] for row in group]),
        }
        for name, group in groups.items()
    }


def score_table(scores: dict[str, dict[str, float]]) -> str:
    """The scores for a person to read."""
    names = [name for name in next(iter(scores.values())) if name != "rows"]
    rows = [[kind, int(row["rows"]), *(row[name] for name in names)] for kind, row in scores.items()]
    return table(["kind", "rows", *names], rows)
