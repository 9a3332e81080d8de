"""Sums of sales, and how they are written."""

from types import ModuleType

import numpy as np
import pytest

from data_engines.kinds.form import chinese, english
from data_engines.kinds.form.codes import choose_bar_code, choose_square_code
from data_engines.kinds.form.sale import TAX_RATES, choose_sale, in_words, money, rounded


@pytest.mark.parametrize(("table", "rates"), [(english, TAX_RATES["en"]), (chinese, TAX_RATES["zh"])])
def test_sums_are_right(table: ModuleType, rates: tuple[str, ...]) -> None:
    trades = list(table.GOODS)
    seen = set()
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sale = choose_sale(rng, table, trades[seed % len(trades)], 1 + seed % 12, rates)
        assert len({item.name for item in sale.items}) == len(sale.items) == 1 + seed % 12
        for item in sale.items:
            assert abs(float(item.quantity) * item.price - item.amount) <= 0.501
            assert bool(item.unit) == ("." in item.quantity)
        assert sale.subtotal == sum(item.amount for item in sale.items)
        net, rate = sale.subtotal - sale.discount, float(sale.tax_rate) / 100
        if sale.tax_is_included:
            assert sale.total == net and abs(sale.tax - net * rate / (1 + rate)) <= 0.501
        else:
            assert sale.total == net + sale.tax and abs(sale.tax - net * rate) <= 0.501
        assert sale.paid == 0 or 0 <= sale.change < 10000
        seen.add((sale.tax_is_included, bool(sale.discount), bool(sale.paid)))
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (1, "壹分"),
        (10, "壹角整"),
        (105, "壹元零伍分"),
        (12345, "壹佰贰拾叁元肆角伍分"),
        (100000, "壹仟元整"),
        (1000500, "壹万零伍元整"),
        (2000000000, "贰仟万元整"),
        (121951, "壹仟贰佰壹拾玖元伍角壹分"),
    ],
)
def test_sums_in_words(cents: int, words: str) -> None:
    assert in_words(cents, chinese.CAPITALS) == words


def test_money_and_rounding() -> None:
    assert [money(cents) for cents in (0, 5, 1999, 123456)] == ["0.00", "0.05", "19.99", "1234.56"]
    assert money(123456789, grouped=True) == "1,234,567.89"
    assert [rounded(number, 1000) for number in (499, 500, 1500, 2499)] == [0, 1, 2, 2]


def test_codes_stay_within_their_room() -> None:
    rng = np.random.default_rng(0)
    for bar in choose_bar_code(rng, 300, 60):
        assert 0 <= bar.box.left < bar.box.right <= 300 and (bar.box.top, bar.box.bottom) == (0, 60)
    for _ in range(5):
        bars = choose_square_code(rng, 150)
        assert max(max(bar.box) for bar in bars) <= 150
        module = bars[0].box.width
        corner = {(bar.box.left / module, bar.box.top / module) for bar in bars}
        assert {(x, 0) for x in range(7)} <= corner and not {(x, 7) for x in range(8)} & corner
