"""Texts in any language of CLDR: translated messages, and pieces of its names, dates, numbers and prices."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np

from data_engines.engine import Source
from data_engines.kind import CLDR, FAKER, MESSAGES
from data_engines.tools.chance import one_of
from data_engines.tools.languages import LATIN, Locale
from data_engines.tools.packages import packaged, packaged_files
from data_engines.tools.typed import as_typed

PIECES = 3000
"""Number of made-up pieces of a language."""
NAMES_IN_POOL = 300
OWN_DIGITS = 0.4
"""Share of the pieces that are written in the script's own digits, where it has some."""
CURRENCIES = (
    "EUR",
    "USD",
    "GBP",
    "JPY",
    "CNY",
    "INR",
    "KRW",
    "THB",
    "ILS",
    "EGP",
    "SAR",
    "RUB",
    "VND",
    "CHF",
)
UNITS = (
    *("length-kilometer", "length-meter", "length-centimeter", "mass-kilogram", "mass-gram", "volume-liter"),
    *("temperature-celsius", "duration-hour", "duration-minute", "duration-day", "area-square-meter"),
    *("speed-kilometer-per-hour",),
)
FIRST_DAY, LAST_DAY = date(1950, 1, 1).toordinal(), date(2039, 12, 31).toordinal()
_PLACEHOLDER = re.compile(r"[%{}<>&\n\\]|https?:")
"""What marks messages that are not only text."""


@dataclass(frozen=True)
class LocalMatter:
    """Made-up pieces of one language, made when a run starts."""

    pieces: tuple[str, ...]

    def choose(self, rng: np.random.Generator) -> str:
        return one_of(rng, self.pieces)

    def characters(self) -> set[str]:
        return set().union(*self.pieces)


def local_lines(locale: Locale) -> tuple[tuple[str, ...], tuple[Source, ...]]:
    """What packages say in a language, each text once: messages of Django, and names of CLDR."""
    texts = [*_messages(locale.cldr), *_names(locale.cldr)]
    lines = dict.fromkeys(text for text in map(as_typed, texts) if _is_in(locale, text))
    return tuple(lines), (*packaged(MESSAGES), *packaged(CLDR))


def read_local_matter(locale: Locale, rng: np.random.Generator) -> LocalMatter:
    """Pieces of a language: dates, times, numbers, prices, measures, lists, Faker's names and addresses."""
    maker = _Maker(locale, rng)
    pieces = (as_typed(maker.make()) for _ in range(PIECES))
    return LocalMatter(tuple(piece for piece in dict.fromkeys(pieces) if piece))


def local_matter_sources(locale: Locale) -> tuple[Source, ...]:
    return (*packaged(CLDR), *(packaged(FAKER) if locale.faker else ()))


def _messages(language: str) -> Iterator[str]:
    """The translations in Django's catalogues that hold no placeholder; some languages have none."""
    from babel.messages.mofile import read_mo  # comes with the extra `languages`

    instead = "give texts with --source"
    for file in packaged_files("django", "**/locale/*/LC_MESSAGES/*.mo", instead, "languages"):
        if file.parts[-3] == language:
            with file.open("rb") as catalogue:
                messages = [message for message in read_mo(catalogue) if message.id]
            for message in messages:
                forms = [message.string] if isinstance(message.string, str) else message.string
                yield from (text for text in forms or () if text and not _PLACEHOLDER.search(text))


def _names(language: str) -> Iterator[str]:
    """CLDR's names of countries, languages, scripts, currencies, months and days, and how it puts them."""
    import babel  # comes with the extra `languages`

    locale = babel.Locale.parse(language)
    for names in (locale.territories, locale.languages, locale.scripts, locale.currencies):
        yield from (str(name) for name in names.values())
    for calendar in (locale.months, locale.days):
        yield from map(str, calendar["format"]["wide"].values())


def _is_in(locale: Locale, text: str) -> bool:
    return locale.script.is_in(text) if locale.script is not LATIN else any(map(str.isalpha, text))


class _Maker:
    """Makes pieces of a language."""

    def __init__(self, locale: Locale, rng: np.random.Generator) -> None:
        import babel

        self.rng, self.locale, self.cldr = rng, locale, babel.Locale.parse(locale.cldr)
        self.names = [name for name in _names(locale.cldr) if _is_in(locale, name)]
        self.people, self.companies, self.places = self._faked()
        self.digits = str.maketrans("0123456789", locale.digits) if locale.digits else None

    def make(self) -> str:
        sorts: list[Callable[[], str]] = [
            self.date,
            self.time,
            self.number,
            self.price,
            self.measure,
            self.names_list,
        ]
        sorts += (
            [self.entry, self.content, self.person, self.address]
            if self.people
            else [self.entry, self.content]
        )
        piece = one_of(self.rng, sorts)()
        return piece.translate(self.digits) if self.digits and self.rng.random() < OWN_DIGITS else piece

    def _faked(self) -> tuple[list[str], list[str], list[str]]:
        """Names of people, companies and places that Faker has in the language itself."""
        from faker import Faker

        if self.locale.faker is None:
            return [], [], []
        faker = Faker(self.locale.faker)
        faker.seed_instance(int(self.rng.integers(2**32)))
        pools = []
        for what in (("name",), ("company", "job"), ("address", "city")):
            made = (
                str(faker.format(one_of(self.rng, what))).replace("\n", ", ") for _ in range(NAMES_IN_POOL)
            )
            # where Faker has not translated something, it is English, in part or as a whole
            own = self.locale.script is LATIN
            pools.append([t for t in made if own or (_is_in(self.locale, t) and not LATIN.is_in(t))])
        return pools[0], pools[1] or pools[0], pools[2] or pools[0]

    def value(self, most: float) -> float:
        """A number from 1 to 10 ** most; those with few digits are as likely as those with many."""
        return round(float(10 ** self.rng.uniform(0, most)), int(self.rng.integers(3)))

    def name(self) -> str:
        return one_of(self.rng, self.names)

    def moment(self) -> datetime:
        day = date.fromordinal(int(self.rng.integers(FIRST_DAY, LAST_DAY)))
        hour, minute, second = map(int, self.rng.integers((24, 60, 60)))
        return datetime(day.year, day.month, day.day, hour, minute, second)

    def date(self) -> str:
        from babel.dates import format_date

        return format_date(self.moment(), one_of(self.rng, ("full", "long", "medium", "short")), self.cldr)

    def time(self) -> str:
        from babel.dates import format_time

        time = format_time(self.moment(), one_of(self.rng, ("medium", "short")), locale=self.cldr)
        return f"{self.date()} {time}" if self.rng.integers(2) else time

    def number(self) -> str:
        from babel.numbers import format_decimal, format_percent

        if self.rng.integers(2):
            return format_percent(self.value(2) / 100, locale=self.cldr)
        return f"{self.name()} {format_decimal(self.value(6), locale=self.cldr)}"

    def price(self) -> str:
        from babel.numbers import format_currency

        form: Literal["name", "standard"] = "name" if self.rng.integers(2) else "standard"
        return format_currency(
            self.value(5), one_of(self.rng, CURRENCIES), locale=self.cldr, format_type=form
        )

    def measure(self) -> str:
        from babel.units import format_unit

        return format_unit(self.value(3), one_of(self.rng, UNITS), locale=self.cldr)

    def names_list(self) -> str:
        from babel.lists import format_list

        return format_list([self.name() for _ in range(self.rng.integers(2, 5))], locale=self.cldr)

    def entry(self) -> str:
        return f"{self.name()}: {one_of(self.rng, (self.number, self.price, self.measure, self.date))()}"

    def content(self) -> str:
        number, page = self.rng.integers(1, 13), self.rng.integers(1, 300)
        return f"{number}. {self.name()} {'.' * int(self.rng.integers(6, 20))} {page}"

    def person(self) -> str:
        return f"{one_of(self.rng, self.people)}, {one_of(self.rng, self.companies)}"

    def address(self) -> str:
        return one_of(self.rng, self.places)
