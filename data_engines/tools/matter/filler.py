"""Fills the templates of matter: every field is chosen anew, names come from pools that Faker made."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Literal

import numpy as np

from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import choose_words
from data_engines.tools.matter import chinese, english

Tongue = Literal["en", "zh"]
"""The language of a piece of matter."""
TABLES: dict[Tongue, ModuleType] = {"en": english, "zh": chinese}
LOCALES: dict[Tongue, str] = {"en": "en_US", "zh": "zh_CN"}
NAMES_IN_POOL = 400
FIRST_DAY, LAST_DAY = date(1950, 1, 1).toordinal(), date(2039, 12, 31).toordinal()
HAN_DIGITS = "〇一二三四五六七八九"
PHRASE: dict[Tongue, Range] = {"en": Range(2, 5), "zh": Range(2, 8)}
"""Words in a run of prose within a piece of matter."""
STRIPPED = " ,.;:!?()'\"-，。；：！？、（）"
"""Signs that such a run neither begins nor ends with."""
_SHAPES = 260
"""A multiple of 10 and 26: one number chooses a digit or a letter."""


@dataclass(frozen=True)
class Matter:
    """What the matter of one language is made of."""

    tongue: Tongue
    lines: Sequence[str]
    """Prose, for the phrases within it."""
    people: tuple[str, ...]
    companies: tuple[str, ...]
    addresses: tuple[str, ...]
    cities: tuple[str, ...]
    jobs: tuple[str, ...]
    words: tuple[str, ...]
    """Latin words in small letters, for addresses of the web and for code."""

    def choose(self, rng: np.random.Generator) -> str:
        """One piece of any sort."""
        return self.fill(rng, one_of(rng, TABLES[self.tongue].TEMPLATES))

    def choose_field(self, rng: np.random.Generator, name: str) -> str:
        """One field by its name, such as a phone number (`phone`), as it stands on a sign."""
        return _Fields(rng, self)[name]

    def choose_sentence(self, rng: np.random.Generator) -> str:
        """A whole sentence with numbers, prices, dates or names."""
        return self.fill(rng, one_of(rng, TABLES[self.tongue].SENTENCES))

    def fill(self, rng: np.random.Generator, template: str) -> str:
        return template.format_map(_Fields(rng, self))

    def characters(self) -> set[str]:
        """Every character that a piece may hold, except those of the prose."""
        table = TABLES[self.tongue]
        names = [*self.people, *self.companies, *self.addresses, *self.cities, *self.jobs]
        tables = [table.DATES, table.TIMES, table.NOONS, table.PRICES, table.PHONES, table.CODES, table.UNITS]
        tables += [table.LABELS, table.HEADINGS, table.MONTHS, table.WEEKDAYS, table.TEMPLATES, names]
        printable = set(string.digits + string.ascii_letters + string.punctuation + HAN_DIGITS + "十…·")
        return printable.union(*(text for texts in tables for text in texts))


def read_matter(tongue: Tongue, lines: Sequence[str], rng: np.random.Generator) -> Matter:
    """The matter of a language, with phrases of its `lines`."""
    from faker import Faker  # takes half a second, and comes with the extra `engines`

    faker, latin = Faker(LOCALES[tongue]), Faker("la")
    for made_up in (faker, latin):
        made_up.seed_instance(int(rng.integers(2**32)))

    def pool(what: str) -> tuple[str, ...]:
        made = (faker.format(what).replace("\n", ", ") for _ in range(NAMES_IN_POOL))
        return tuple(dict.fromkeys(made))

    return Matter(
        tongue=tongue,
        lines=lines,
        people=pool("name"),
        companies=pool("company"),
        addresses=pool("address"),
        cities=pool("city"),
        jobs=pool("job"),
        words=tuple(dict.fromkeys(latin.words(NAMES_IN_POOL))),
    )


class _Fields:
    """The fields of one piece by name: `str.format_map` asks for each as often as it stands in a template."""

    def __init__(self, rng: np.random.Generator, matter: Matter) -> None:
        self.rng, self.matter, self.table = rng, matter, TABLES[matter.tongue]

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, f"choose_{name}")())

    def below(self, high: int) -> int:
        return int(self.rng.integers(high))

    def one_of(self, things: Sequence[str]) -> str:
        return one_of(self.rng, things)

    def value(self, most: float) -> float:
        """A number from 1 to 10 ** most; those with few digits are as likely as those with many."""
        return float(10 ** self.rng.uniform(0, most))

    def shaped(self, pattern: str) -> str:
        """The pattern with a digit for each `#`, and a capital for each `?`."""
        drawn = self.rng.integers(_SHAPES, size=len(pattern)).tolist()
        chosen = {"#": string.digits, "?": string.ascii_uppercase}
        return "".join(
            some[number % len(some)] if (some := chosen.get(sign)) else sign
            for sign, number in zip(pattern, drawn, strict=True)
        )

    def choose_small(self) -> str:
        return str(1 + self.below(20))

    def choose_integer(self) -> str:
        number = int(self.value(5.5))
        return f"{number:,}" if self.below(3) else str(number)

    def choose_decimal(self) -> str:
        return f"{self.value(3):,.{1 + self.below(3)}f}"

    def choose_percent(self) -> str:
        number = f"{self.value(2):.{self.below(3)}f}"
        return number + (" %" if self.matter.tongue == "en" and not self.below(5) else "%")

    def choose_cents(self) -> str:
        return f"{self.value(4.5):,.2f}"

    def choose_comma(self) -> str:
        return self.choose_cents().translate(str.maketrans(",.", ".,"))

    def choose_whole(self) -> str:
        return f"{int(self.value(5.5)):,}"

    def choose_tenth(self) -> str:
        return f"{self.value(3):.1f}"

    def choose_price(self) -> str:
        return self.one_of(self.table.PRICES).format_map(self)

    def choose_year(self) -> str:
        return str(1950 + self.below(90))

    def choose_date(self) -> str:
        day = date.fromordinal(int(self.rng.integers(FIRST_DAY, LAST_DAY)))
        month = self.table.MONTHS[day.month - 1]
        return self.one_of(self.table.DATES).format(
            y=day.year,
            m=day.month,
            d=day.day,
            month=month,
            mon=month[:3],
            short=day.year % 100,
            next=(day.year + 1) % 100,
            quarter=(day.month + 2) // 3,
            weekday=self.table.WEEKDAYS[day.weekday()],
            han_y="".join(HAN_DIGITS[int(digit)] for digit in str(day.year)),
            han_d=_han(day.day),
        )

    def choose_weekday(self) -> str:
        return self.one_of(self.table.WEEKDAYS)

    def choose_time(self) -> str:
        hour, minute, second = self.below(24), self.below(60), self.below(60)
        clock = {"h": hour, "h12": (hour + 11) % 12 + 1, "min": minute, "s": second}
        return self.one_of(self.table.TIMES).format(noon=self.table.NOONS[hour // 12], **clock)

    def choose_phone(self) -> str:
        return self.shaped(self.one_of(self.table.PHONES))

    def choose_code(self) -> str:
        return self.shaped(self.one_of(self.table.CODES))

    def choose_zip(self) -> str:
        return self.shaped("######")

    def choose_hex(self) -> str:
        return f"{self.below(1 << 24):06x}"

    def choose_letter(self) -> str:
        return string.ascii_letters[self.below(52)]

    def choose_section(self) -> str:
        return ".".join(str(1 + self.below(12)) for _ in range(2 + self.below(2)))

    def choose_han(self) -> str:
        return _han(1 + self.below(30))

    def choose_unit(self) -> str:
        return self.one_of(self.table.UNITS)

    def choose_measure(self) -> str:
        number = self.choose_decimal() if self.below(2) else self.choose_small()
        return number + ("" if self.matter.tongue == "zh" else " ") + self.choose_unit()

    def choose_leader(self) -> str:
        return self.one_of("." if self.matter.tongue == "en" else ".…·") * int(self.rng.integers(6, 30))

    def choose_label(self) -> str:
        return self.one_of(self.table.LABELS).format_map(self)

    def choose_heading(self) -> str:
        return self.choose_phrase() if self.below(2) else self.one_of(self.table.HEADINGS)

    def choose_phrase(self) -> str:
        words = choose_words(self.rng, self.matter.lines, PHRASE[self.matter.tongue])
        return words.strip(STRIPPED) or self.one_of(self.table.HEADINGS)

    def choose_word(self) -> str:
        return self.one_of(self.matter.words)

    def choose_user(self) -> str:
        return self.choose_word() + self.one_of(("_", ".", "")) + self.choose_small()

    def choose_domain(self) -> str:
        endings = ("com", "org", "net", "io", "co.uk", "de", "cn", "com.cn", "edu", "gov")
        return self.choose_word() + self.one_of(("-", "")) + f"{self.choose_word()}.{self.one_of(endings)}"

    def choose_email(self) -> str:
        joint = self.one_of((".", "_", "-", ""))
        return f"{self.choose_word()}{joint}{self.choose_word()}@{self.choose_domain()}"

    def choose_url(self) -> str:
        path = self.one_of(
            ("", "/", "/{word}", "/{word}/{word}.html", "/{word}?id={integer}", "/{word}#{word}")
        )
        scheme = self.one_of(("https://", "https://www.", "http://", "www."))
        return scheme + self.choose_domain() + path.format_map(self)

    def choose_name(self) -> str:
        return self.one_of(self.matter.people)

    def choose_company(self) -> str:
        return self.one_of(self.matter.companies)

    def choose_address(self) -> str:
        return self.one_of(self.matter.addresses)

    def choose_city(self) -> str:
        return self.one_of(self.matter.cities)

    def choose_job(self) -> str:
        return self.one_of(self.matter.jobs)


def _han(number: int) -> str:
    """A number below 100 in Chinese.

    >>> [_han(number) for number in (3, 10, 12, 20, 25)]
    ['三', '十', '十二', '二十', '二十五']
    """
    tens, ones = divmod(number, 10)
    return (
        ("" if tens < 2 else HAN_DIGITS[tens]) + ("十" if tens else "") + (HAN_DIGITS[ones] if ones else "")
    )
