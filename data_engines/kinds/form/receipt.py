"""Receipts as tills print them, on a narrow roll from top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data_engines.kinds.form.codes import choose_bar_code, choose_square_code
from data_engines.kinds.form.faces import Faces
from data_engines.kinds.form.facts import Facts
from data_engines.kinds.form.lettering import Lettering
from data_engines.kinds.form.printing import Printer
from data_engines.kinds.form.sale import TAX_RATES, Sale, choose_sale, money
from data_engines.kinds.form.sheet import Bar, Draft, Printed, Sheet
from data_engines.tools.boxes import Box
from data_engines.tools.chance import one_of

CELLS: dict[Printer, tuple[int, ...]] = {"thermal": (10, 12), "page": (9, 10, 12), "pins": (10,)}
"""Pixels of the cells that letters stand in."""
CHINESE_PIN_CELL = 12
"""Fewer dots can't show a Chinese character."""
COLUMNS = (32, 40, 42, 48)
"""Letters that fit on a line."""
SIGNS = ("-", "-", "-", "=", "*", ".", "_")
"""What rules are made of."""
IN_CELLS = 0.65
"""Share of the receipts whose letters have one width."""


@dataclass(kw_only=True)
class Roll(Draft):
    """A roll of paper, printed line by line."""

    body: Lettering
    large: Lettering
    sign: str
    """What its rules are made of; empty for a drawn rule."""

    def centred(self, text: str, lettering: Lettering | None = None) -> None:
        """A text in the middle, in as many lines as it takes."""
        lettering = lettering or self.body
        for part in lettering.wrapped(text, self.room):
            left, _, right, _ = lettering.ink(part)
            x = round((self.width - (right - left)) / 2 - left)
            self.put(Printed(part, lettering, x, self._baseline(lettering)))

    def left(self, text: str, indent: int = 0) -> None:
        for part in self.body.wrapped(text, self.room - indent):
            self.put(Printed(part, self.body, self.margin + indent, self.advance()))

    def row(self, left: str, right: str, lettering: Lettering | None = None, indent: int = 0) -> None:
        """A text at each side; where both don't fit on one line, the right one gets a line of its own."""
        lettering = lettering or self.body
        room = self.room - indent - lettering.length(right) - lettering.size / 2
        if lettering.length(left) > room:
            self.left(left)
            left = ""
        baseline = self._baseline(lettering)
        start = self.right - round(lettering.length(right))
        texts = [(left, self.margin + indent), (right, start)]
        self.put(*(Printed(text, lettering, x, baseline) for text, x in texts if text))

    def cells(self, name: str, numbers: Sequence[str], edges: Sequence[int]) -> None:
        """A row of a table: a name, which may be empty, and numbers that end at their edges."""
        texts = [(name, self.margin)] if name else []
        texts += [
            (number, edge - round(self.body.length(number)))
            for number, edge in zip(numbers, edges, strict=True)
        ]
        baseline = self.advance()
        self.put(*(Printed(text, self.body, x, baseline) for text, x in texts))

    def rule(self) -> None:
        if self.sign:
            count = int(self.room / self.body.length(self.sign))
            baseline = self.advance()
            self.marks.append(Printed(self.sign * count, self.body, self.margin, baseline))
        else:
            self.gap(0.5)
            self.marks.append(Bar(Box(self.margin, self.y, self.right, self.y + 2)))
            self.gap(0.3)

    def paste(self, bars: Sequence[Bar], width: int, height: int) -> None:
        """A code in the middle, whose bars start at its upper left corner."""
        self.gap(0.6)
        x = (self.width - width) // 2
        for bar in bars:
            left, top, right, bottom = bar.box
            self.marks.append(Bar(Box(left + x, top + self.y, right + x, bottom + self.y)))
        self.y += height

    def _baseline(self, lettering: Lettering) -> int:
        """That of the next line, which is as high as its letters need."""
        return self.advance(lettering.size / self.body.size)


def choose_receipt(facts: Facts, faces: Faces, count: int, printer: Printer) -> Sheet:
    rng, table = facts.rng, facts.table
    trade = one_of(rng, tuple(table.SHOPS))
    sale = choose_sale(rng, table, trade, count, TAX_RATES[facts.matter.tongue])
    roll = _choose_roll(facts, faces, printer)
    roll.gap(float(rng.uniform(0.3, 1.5)))
    _head(roll, facts, trade)
    roll.rule()
    _goods(roll, facts, sale)
    roll.rule()
    _sums(roll, facts, sale)
    roll.rule()
    _foot(roll, facts)
    roll.gap(float(rng.uniform(0.8, 2)))
    return roll.sheet()


def _choose_roll(facts: Facts, faces: Faces, printer: Printer) -> Roll:
    rng, is_chinese = facts.rng, facts.matter.tongue == "zh"
    cell = CHINESE_PIN_CELL if is_chinese and printer == "pins" else one_of(rng, CELLS[printer])
    columns = one_of(rng, COLUMNS[:3] if printer == "pins" else COLUMNS)
    is_dotted, is_bold = printer != "page", bool(rng.random() < 0.25)
    if faces.even and (printer == "pins" or rng.random() < IN_CELLS):
        body = faces.choose_cells(rng, cell, is_dotted=is_dotted, bold=is_bold)
        grow = 2 if is_chinese or rng.random() < 0.5 else 1.5
        large = Lettering(
            (*body.font[:2], round(body.font[2] * grow)), (*body.wide[:2], round(2 * cell * grow)),
            round(cell * grow), is_dotted,
        )  # fmt: skip
    else:
        family = faces.choose(rng)
        body = replace(family.lettering(2 * cell, bold=is_bold), is_dotted=is_dotted and rng.random() < 0.5)
        large = replace(
            family.lettering(round(cell * rng.uniform(2.6, 4)), bold=True), is_dotted=body.is_dotted
        )
    margin = int(rng.integers(cell, 3 * cell))
    pitch = round(2 * cell * rng.uniform(1.15, 1.45))
    sign = "" if rng.random() < 0.2 else one_of(rng, SIGNS)
    width = columns * cell + 2 * margin
    return Roll(width=width, margin=margin, pitch=pitch, body=body, large=large, sign=sign)


def _head(roll: Roll, facts: Facts, trade: str) -> None:
    rng, table = facts.rng, facts.table
    shop = facts.one(table.SHOPS[trade])
    roll.centred(shop.upper() if rng.random() < 0.4 else shop, roll.large)
    roll.gap(0.3)
    if rng.random() < 0.8:
        for line in facts.address():
            roll.centred(line)
    for label in ("phone", "tax number"):
        if rng.random() < 0.6:
            roll.centred(facts.one(table.LABELS[label]))
    if rng.random() < 0.4:
        roll.gap(0.4)
        roll.centred(one_of(rng, table.LABELS["title"]))
    roll.rule()
    moment, colon = facts.moment(), one_of(rng, (table.COLON, ":"))
    clock = f"{moment:{one_of(rng, table.DAYS)}} {moment:{one_of(rng, table.CLOCKS)}}"
    details = [(one_of(rng, table.LABELS["date"]), clock)]
    numbers = {"receipt": "{digits6}", "cashier": "{first}", "table": "{digits2}"}
    for label, template in numbers.items():
        if rng.random() < 0.7:
            details.append((one_of(rng, table.LABELS[label]), facts.fill(template)))
    # a wide colon has its own white
    is_spread, space = rng.random() < 0.4, "" if colon == "：" else " "
    for number in rng.permutation(len(details)):
        label, value = details[number]
        roll.row(f"{label}{colon}", value) if is_spread else roll.left(f"{label}{colon}{space}{value}")


def _goods(roll: Roll, facts: Facts, sale: Sale) -> None:
    rng, table = facts.rng, facts.table
    is_capital = rng.random() < 0.4
    names = [item.name.upper() if is_capital else item.name for item in sale.items]
    layout = one_of(rng, ("table", "two rows", "one row"))
    if layout == "table":
        heads = [one_of(rng, table.LABELS[name]) for name in ("item", "quantity", "price", "amount")]
        _table(roll, heads, names, sale, has_rule=bool(rng.random() < 0.5))
        return
    mark = one_of(rng, ("", "", "", " T", " A", "*")) if facts.matter.tongue == "en" else ""
    at, is_numbered, always = one_of(rng, (" x ", " @ ", "*")), rng.random() < 0.2, rng.random() < 0.5
    for number, (name, item) in enumerate(zip(names, sale.items, strict=True), start=1):
        quantity, amount = item.quantity + item.unit, money(item.amount) + mark
        if layout == "two rows":
            roll.left(f"{number} {name}" if is_numbered else name)
            roll.row(f"{quantity}{at}{money(item.price)}", amount, indent=roll.body.size)
        else:
            roll.row(f"{quantity} {name}" if always or quantity != "1" else name, amount)


def _table(roll: Roll, heads: Sequence[str], names: Sequence[str], sale: Sale, *, has_rule: bool) -> None:
    """Names, quantities, prices and amounts; a name that has no room has a line of its own above."""
    rows = [(item.quantity, money(item.price), money(item.amount)) for item in sale.items]
    right, edges = float(roll.right), []
    for column in reversed(list(zip(heads[1:], *rows, strict=True))):
        edges.append(round(right))
        right -= max(map(roll.body.length, column)) + roll.body.size * 0.7
    room = right - roll.margin
    roll.cells(heads[0], heads[1:], edges[::-1])
    if has_rule:
        roll.rule()
    for name, numbers in zip(names, rows, strict=True):
        if roll.body.length(name) > room:
            roll.left(name)
            name = ""
        roll.cells(name, numbers, edges[::-1])


def _sums(roll: Roll, facts: Facts, sale: Sale) -> None:
    rng, table = facts.rng, facts.table
    symbol, colon = one_of(rng, table.CURRENCIES), one_of(rng, (table.COLON, "", ""))

    def label(name: str) -> str:
        return one_of(rng, table.LABELS[name]) + colon

    def sum_of(cents: int) -> str:
        return money(cents) + symbol if symbol == "元" else symbol + money(cents)

    if rng.random() < 0.3:
        roll.row(label("count"), str(sale.num_pieces))
    if sale.discount or not sale.tax_is_included:
        roll.row(label("subtotal"), sum_of(sale.subtotal))
    if sale.discount:
        roll.row(label("discount"), "-" + sum_of(sale.discount))
    if not sale.tax_is_included:
        roll.row(f"{one_of(rng, table.LABELS['tax'])} {sale.tax_rate}%{colon}", sum_of(sale.tax))
    is_large = rng.random() < 0.4 and roll.large.length(sum_of(sale.total)) * 2 < roll.room
    total = label("total")
    roll.gap(0.2)
    is_large = is_large and roll.large.length(total + sum_of(sale.total)) + roll.large.size < roll.room
    roll.row(total, sum_of(sale.total), roll.large if is_large else roll.body)
    roll.gap(0.2)
    if sale.tax_is_included and rng.random() < 0.5:
        roll.row(f"{one_of(rng, table.LABELS['included'])} {sale.tax_rate}%{colon}", sum_of(sale.tax))
    if sale.paid:
        roll.row(label("cash"), sum_of(sale.paid))
        roll.row(label("change"), sum_of(sale.change))
    else:
        roll.row(label("card"), sum_of(sale.total))
        for number in rng.permutation(len(table.CARD_LINES))[: rng.integers(0, 4)]:
            roll.left(facts.fill(table.CARD_LINES[number]))


def _foot(roll: Roll, facts: Facts) -> None:
    rng, table = facts.rng, facts.table
    for number in rng.permutation(len(table.THANKS))[: rng.integers(1, 5)]:
        roll.centred(facts.fill(table.THANKS[number]))
    if rng.random() < 0.35:
        width, height = roll.room * 3 // 4, 3 * roll.pitch
        roll.paste(choose_bar_code(rng, width, height), width, height)
        roll.gap(0.3)
        roll.centred(facts.fill("{digits6}{digits6}"))
    elif rng.random() < 0.35:
        side = roll.room * int(rng.integers(30, 50)) // 100
        roll.paste(choose_square_code(rng, side), side, side)
