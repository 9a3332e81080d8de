"""What is sold: goods with quantities, and sums that are right. Money is in whole cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from data_engines.tools.chance import one_of

TAX_RATES: dict[str, tuple[str, ...]] = {
    "en": ("5", "6", "7.25", "8", "8.875", "10", "20"),
    "zh": ("3", "6", "9", "13"),
}
"""In percent."""
NOTES = (500, 1000, 2000, 5000, 10000)
"""What cash is paid with, in cents."""


@dataclass(frozen=True)
class Item:
    name: str
    quantity: str
    """A whole number, or a weight with three decimals."""
    unit: str
    """Of a weight; empty for pieces."""
    price: int
    amount: int


@dataclass(frozen=True)
class Sale:
    items: tuple[Item, ...]
    subtotal: int
    discount: int
    tax_rate: str
    """In percent."""
    tax: int
    tax_is_included: bool
    total: int
    paid: int
    """In cash; 0 where a card pays."""

    @property
    def num_pieces(self) -> int:
        """What is weighed is one piece."""
        return sum(1 if item.unit else int(item.quantity) for item in self.items)

    @property
    def change(self) -> int:
        return self.paid - self.total


def choose_sale(
    rng: np.random.Generator, table: ModuleType, trade: str, count: int, rates: Sequence[str]
) -> Sale:
    """A sale of `count` different goods of a trade."""
    goods = table.GOODS[trade]
    chosen = rng.permutation(len(goods))[:count]
    items = tuple(_choose_item(rng, table, goods[number], trade) for number in chosen)
    subtotal = sum(item.amount for item in items)
    discount = rounded(subtotal * int(rng.integers(1, 21)), 100) if rng.random() < 0.25 else 0
    rate, tax_is_included = one_of(rng, rates), bool(rng.random() < 0.4)
    net = subtotal - discount
    thousandths = round(float(rate) * 1000)
    tax = rounded(net * thousandths, 100_000 + (thousandths if tax_is_included else 0))
    total = net if tax_is_included else net + tax
    note = one_of(rng, NOTES)
    paid = -(-total // note) * note if rng.random() < 0.5 else 0
    return Sale(items, subtotal, discount, rate, tax, tax_is_included, total, paid)


def rounded(dividend: int, divisor: int) -> int:
    """The quotient of two positive numbers, halves rounded up as tills do.

    >>> [rounded(number, 100) for number in (149, 150, 250)]
    [1, 2, 3]
    """
    return (2 * dividend + divisor) // (2 * divisor)


def money(cents: int, grouped: bool = False) -> str:
    """
    >>> money(123456), money(123456, grouped=True), money(-5)
    ('1234.56', '1,234.56', '-0.05')
    """
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:{',' if grouped else ''}}.{rest:02}"


def in_words(cents: int, digits: str) -> str:
    """A sum in yuan as it is written in words against forgery.

    >>> [in_words(cents, "零壹贰叁肆伍陆柒捌玖") for cents in (123456, 1000500, 100305, 20)]
    ['壹仟贰佰叁拾肆元伍角陆分', '壹万零伍元整', '壹仟零叁元零伍分', '贰角整']
    """
    yuan, rest = divmod(cents, 100)
    text = ""
    for place, unit in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group, yuan = divmod(yuan, place)
        if group:
            text += (digits[0] if text and group < 1000 else "") + _four_in_words(group, digits) + unit
    text += "元" if text else ""
    tens, ones = divmod(rest, 10)
    if not rest:
        return text + "整"
    dime = f"{digits[tens]}角" if tens else digits[0] if text else ""
    return text + dime + (f"{digits[ones]}分" if ones else "整")


def _four_in_words(number: int, digits: str) -> str:
    """A number below 10,000 without a zero before it."""
    text, zero = "", False
    for place, unit in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit, number = divmod(number, place)
        if digit:
            text += (digits[0] if zero and text else "") + digits[digit] + unit
        zero = not digit
    return text


def _choose_item(rng: np.random.Generator, table: ModuleType, line: str, trade: str) -> Item:
    name, _, prices = line.rpartition("; ")
    low, high = map(float, prices.split("-"))
    price = _choose_price(rng, low, high)
    if name in table.WEIGHED and rng.random() < 0.6:
        grams = int(rng.integers(120, 3200))
        unit = one_of(rng, table.WEIGHT_UNITS)
        return Item(name, f"{grams / 1000:.3f}", unit, price, max(1, rounded(price * grams, 1000)))
    most = 1 if price > 20_000 else 5 if price > 300 or trade != "services" else 500
    quantity = 1 if rng.random() < 0.55 else int(rng.integers(1, most, endpoint=True))
    return Item(name, str(quantity), "", price, price * quantity)


def _choose_price(rng: np.random.Generator, low: float, high: float) -> int:
    """A price in cents, often just below a round one."""
    cents = round(100 * low * (high / low) ** float(rng.random()))
    match int(rng.integers(4)):
        case 0 if cents > 100:
            return cents // 100 * 100 + 99
        case 1 if cents > 200:
            return cents // 50 * 50
        case 2:
            return max(10, cents // 10 * 10)
        case _:
            return max(5, cents)
