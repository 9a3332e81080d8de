"""Invoices: who writes to whom, a table of goods with sums, and how to pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from data_engines.engine import Rgb
from data_engines.kinds.form.faces import Faces
from data_engines.kinds.form.facts import Facts
from data_engines.kinds.form.page import Page, Side, choose_page, printed
from data_engines.kinds.form.sale import TAX_RATES, Sale, choose_sale, in_words, money
from data_engines.kinds.form.sheet import Bar, Sheet
from data_engines.tools.boxes import Box
from data_engines.tools.chance import one_of

Ruling = Literal["grid", "rows", "head", "none", "shaded"]
RULINGS: tuple[Ruling, ...] = ("grid", "grid", "rows", "head", "none", "shaded")
SIDES: tuple[Side, ...] = ("left", "centre", "right")
SHADES: tuple[Rgb, ...] = ((230, 230, 230), (220, 230, 241), (226, 239, 218), (253, 233, 217))
ACCENTS: tuple[Rgb, ...] = ((31, 56, 100), (60, 60, 60), (128, 30, 40), (20, 90, 70), (40, 90, 150))
WHITE: Rgb = (255, 255, 255)


@dataclass(frozen=True)
class Column:
    head: str
    texts: tuple[str, ...]
    side: Side
    width: int
    """In pixels."""


def choose_invoice(facts: Facts, faces: Faces, count: int) -> Sheet:
    rng = facts.rng
    facts = replace(facts, sender=facts["company"])
    page = choose_page(rng, faces.choose(rng))
    sale = choose_sale(rng, facts.table, "services", count, TAX_RATES[facts.matter.tongue])
    choose_head = (_letterhead, _two_blocks)[rng.integers(2)]
    choose_head(page, facts)
    page.gap(rng.uniform(0.5, 1.5))
    _recipients(page, facts)
    page.gap(rng.uniform(0.8, 1.6))
    _table(page, facts, sale)
    page.gap(0.3)
    _sums(page, facts, sale)
    page.gap(rng.uniform(0.8, 2))
    _payment(page, facts)
    return page.sheet(foot=page.margin // 2)


def _sender(facts: Facts) -> list[str]:
    rng, table = facts.rng, facts.table
    lines = [*facts.address(), facts.one(table.LABELS["phone"]), facts["email"], facts.fill("www.{domain}")]
    kept = [line for line in lines[:-2] if len(lines) < 4 or rng.random() < 0.9]
    kept += [line for line in lines[-2:] if rng.random() < 0.5]
    return [*kept, *([facts.one(table.LABELS["tax number"])] if rng.random() < 0.5 else [])]


def _details(facts: Facts) -> list[tuple[str, str]]:
    """Number, dates and references."""
    rng, table = facts.rng, facts.table
    issued, form = facts.moment(), one_of(rng, table.DAYS)
    due = issued + timedelta(days=int(rng.choice([7, 14, 30, 60])))
    number = one_of(rng, ("{digits8}", "INV-{digits5}", "{digits4}/{digits2}", "{digits6}"))
    values = {"number": facts.fill(number), "date": f"{issued:{form}}", "due": f"{due:{form}}"}
    values["order"] = facts.fill("{letter2}-{digits5}")
    return [
        (one_of(rng, table.INVOICE_META[name]), value)
        for name, value in values.items()
        if name == "number" or rng.random() < 0.7
    ]


def _letterhead(page: Page, facts: Facts) -> None:
    """The sender across the page, then the title, then numbers and dates."""
    rng, side = facts.rng, one_of(facts.rng, SIDES)
    page.text(facts.sender, side, rng.uniform(1.2, 1.8), bold=True)
    sender = _sender(facts)
    joined = one_of(rng, (", ", " | ", "  ")) if facts.matter.tongue == "en" else "  "
    for start in range(0, len(sender), 2):
        page.text(joined.join(sender[start : start + 2]), side)
    page.gap(0.5)
    if rng.random() < 0.6:
        page.rule(int(rng.integers(1, 4)))
    page.gap(0.5)
    page.text(one_of(rng, facts.table.INVOICE_TITLES), one_of(rng, SIDES), 1.7, bold=True)
    page.gap(0.5)
    body, details = page.lettering(), _details(facts)
    edge = page.margin + page.size + round(max(body.length(label) for label, _ in details))
    for label, value in details:
        baseline = page.advance()
        page.put(printed(label, body, page.margin, baseline), printed(value, body, edge, baseline))


def _two_blocks(page: Page, facts: Facts) -> None:
    """The title, then the sender at the left, and numbers and dates beside."""
    rng, body = facts.rng, page.lettering()
    page.text(one_of(rng, facts.table.INVOICE_TITLES), one_of(rng, SIDES), 2, bold=True)
    page.gap(0.7)
    top, middle = page.y, page.margin + page.room * 55 // 100
    page.block([facts.sender, *_sender(facts)], page.margin, middle - 2 * page.size)
    bottom, page.y = page.y, top
    for label, value in _details(facts):
        baseline = page.advance()
        page.put(printed(label, body, middle, baseline), printed(value, body, page.right, baseline, "right"))
    page.y = max(bottom, page.y)


def _recipients(page: Page, facts: Facts) -> None:
    """To whom the invoice goes, and at times where the goods go, beside it."""
    rng, table = facts.rng, facts.table
    company, top, middle = facts["company"], page.y, page.margin + page.room * 55 // 100
    to = [one_of(rng, table.TO), company, *([facts["name"]] if rng.random() < 0.5 else []), *facts.address()]
    page.block(to, page.margin, middle - 2 * page.size)
    if rng.random() < 0.4:
        bottom, page.y = page.y, top
        page.block([one_of(rng, table.SHIP), company, *facts.address()], middle, page.right)
        page.y = max(bottom, page.y)


def _table(page: Page, facts: Facts, sale: Sale) -> None:
    rng, ruling = facts.rng, one_of(facts.rng, RULINGS)
    columns = _columns(page, facts, sale)
    height = round(page.pitch * rng.uniform(1.05, 1.5))
    accent, shade = one_of(rng, ACCENTS), one_of(rng, SHADES)
    is_dark = ruling in ("rows", "shaded") and rng.random() < 0.5
    top, thickness = page.y, int(rng.integers(1, 3))
    for number in range(len(sale.items) + 1):
        if number == 0 and (is_dark or rng.random() < 0.4 or ruling == "shaded"):
            _shade(page, height, accent if is_dark else shade)
        elif ruling == "shaded" and number % 2 == 0:
            _shade(page, height, (244, 244, 244))
        texts = [column.head if number == 0 else column.texts[number - 1] for column in columns]
        _row(page, columns, texts, height, is_head=number == 0, is_light=is_dark and number == 0)
        is_last = number == len(sale.items)
        if ruling in ("grid", "rows") or (ruling == "head" and (number == 0 or is_last)):
            page.marks.append(_level(page, page.y, thickness))
    if ruling == "grid":
        page.marks.append(_level(page, top, thickness))
        edges = [page.margin]
        for column in columns:
            edges.append(edges[-1] + column.width)
        edges[-1] = page.right - thickness
        page.marks += [Bar(Box(edge, top, edge + thickness, page.y)) for edge in edges]
    page.y += thickness


def _columns(page: Page, facts: Facts, sale: Sale) -> list[Column]:
    rng, table, items = facts.rng, facts.table, sale.items
    side: Side = one_of(rng, ("right", "right", "centre"))
    columns = [
        ("item", [item.name for item in items], "left", 0.46),
        ("quantity", [item.quantity + item.unit for item in items], side, 0.14),
        ("price", [money(item.price, grouped=True) for item in items], side, 0.19),
        ("amount", [money(item.amount, grouped=True) for item in items], side, 0.21),
    ]
    heads = [one_of(rng, table.LABELS[name]) for name, *_ in columns]
    shares = [share for *_, share in columns]
    made = []
    if rng.random() < 0.5:
        shares[0] -= 0.08
        numbers = tuple(str(number) for number in range(1, len(items) + 1))
        made.append(Column(one_of(rng, table.ITEM_NUMBERS), numbers, "centre", round(0.08 * page.room)))
    for head, (_, texts, where, _), share in zip(heads, columns, shares, strict=True):
        made.append(Column(head, tuple(texts), where, round(share * page.room)))
    return made


def _row(
    page: Page, columns: Sequence[Column], texts: Sequence[str], height: int, *, is_head: bool, is_light: bool
) -> None:
    lettering, pad = page.lettering(bold=is_head), page.size // 2
    baseline = page.y + (height + round(0.7 * page.size)) // 2
    left, pieces = page.margin, []
    for column, text in zip(columns, texts, strict=True):
        right = left + column.width
        edge = {"left": left + pad, "centre": (left + right) // 2, "right": right - pad}[column.side]
        pieces.append(printed(text, lettering, edge, baseline, column.side, WHITE if is_light else None))
        left = right
    page.put(*pieces)
    page.y += height


def _shade(page: Page, height: int, color: Rgb) -> None:
    page.marks.append(Bar(Box(page.margin, page.y, page.right, page.y + height), color))


def _level(page: Page, y: int, thickness: int) -> Bar:
    return Bar(Box(page.margin, y, page.right, y + thickness))


def _sums(page: Page, facts: Facts, sale: Sale) -> None:
    rng, table = facts.rng, facts.table
    symbol = one_of(rng, [sign for sign in table.CURRENCIES if sign != "元"])
    colon = one_of(rng, (table.COLON, ""))
    sums = [
        ("subtotal", "", sale.subtotal),
        ("discount", "", -sale.discount),
        ("tax", f" ({sale.tax_rate}%)", sale.tax),
    ]
    if sale.tax_is_included:
        sums = [*sums[:2], ("included", f" {sale.tax_rate}%", sale.tax)]
    left, body, bold = page.margin + page.room * 58 // 100, page.lettering(), page.lettering(1.1, bold=True)
    pad = page.size // 2
    for name, more, cents in [*sums, ("total", "", sale.total)]:
        if not cents:
            continue
        lettering, baseline = bold if name == "total" else body, page.advance(1.1)
        value = ("-" if cents < 0 else "") + symbol + money(abs(cents), grouped=True)
        page.put(
            printed(one_of(rng, table.LABELS[name]) + more + colon, lettering, left, baseline),
            printed(value, lettering, page.right - pad, baseline, "right"),
        )
    if facts.matter.tongue == "zh" and rng.random() < 0.7:
        page.text("价税合计（大写）：" + in_words(sale.total, table.CAPITALS), bold=bool(rng.random() < 0.5))


def _payment(page: Page, facts: Facts) -> None:
    """Where to pay to, and on what terms."""
    rng, table, body = facts.rng, facts.table, page.lettering()
    if rng.random() < 0.7:
        page.text(one_of(rng, table.BANK_HEADINGS), bold=True)
        width = max(body.length(label) for label, _ in table.BANK)
        for label, template in table.BANK:
            if rng.random() < 0.7:
                baseline, edge = page.advance(), page.margin + round(width) + page.size
                page.put(
                    printed(label, body, page.margin, baseline),
                    printed(facts.fill(template), body, edge, baseline),
                )
        page.gap(0.7)
    if rng.random() < 0.5:
        page.rule()
        page.gap(0.3)
    for number in rng.permutation(len(table.TERMS))[: rng.integers(1, 4)]:
        page.text(facts.fill(table.TERMS[number]), share=0.9)
