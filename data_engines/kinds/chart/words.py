"""What charts are about: quantities with units, names of things to compare, and titles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from faker import Faker

from data_engines.engine import Reject, Source
from data_engines.kind import FAKER
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import (
    Language,
    choose_words,
    complex_character,
    find_language,
    in_other_languages,
    read_corpus,
    read_lines,
)
from data_engines.tools.packages import packaged

Tongue = Literal["en", "zh"]
"""The language of one chart."""
LOCALES: dict[Tongue, str] = {"en": "en_US", "zh": "zh_CN"}
NAMES_IN_POOL = 800
MAX_NAME_CHARACTERS = 24
NO_TEXT = "None"
"""What the answer says where a chart has no such text."""
STRIPPED = " ,.;:!?()'\"-，。；：！？、（）"
SPLITTING = re.compile(r"[()\[\]{}<>|=:;\"“”]")
"""Signs that come in pairs or part a text; a run of words cut out of a text may hold half of a pair."""
MIN_WORD_CHARACTERS = 4
FUNCTION_WORDS = frozenset(
    "about also been both does each else from have here into just like more most much must only other over "
    "same should some such than that their them then there these they this those very were what when where "
    "which while will with would your".split()
)
"""English words of four letters and more that are no names of things."""


class Quantity(NamedTuple):
    """Something that charts show; the greatest number of a chart lies between `low` and `high`."""

    name: str
    unit: str
    low: float
    high: float
    decimals: int
    signed: bool = False
    """Whether it may be negative."""


QUANTITIES: dict[Tongue, tuple[Quantity, ...]] = {
    "en": (
        Quantity("Revenue", "million USD", 20, 900, 1),
        Quantity("Net profit", "million USD", 5, 200, 1, signed=True),
        Quantity("Unit sales", "thousands", 10, 800, 0),
        Quantity("Population", "millions", 1, 90, 1),
        Quantity("Visitors", "", 800, 90000, 0),
        Quantity("Market share", "%", 10, 60, 1),
        Quantity("Unemployment rate", "%", 4, 20, 1),
        Quantity("Annual growth", "%", 3, 30, 1, signed=True),
        Quantity("Average temperature", "°C", 10, 38, 1, signed=True),
        Quantity("Rainfall", "mm", 60, 400, 0),
        Quantity("Energy use", "GWh", 50, 4000, 0),
        Quantity("Emissions", "kilotonnes", 5, 900, 1),
        Quantity("Average price", "USD", 2, 150, 2),
        Quantity("Monthly wage", "USD", 1500, 9000, 0),
        Quantity("Working hours", "hours per week", 20, 48, 1),
        Quantity("Students enrolled", "", 200, 30000, 0),
        Quantity("Response time", "ms", 20, 900, 0),
        Quantity("Accuracy", "%", 60, 99, 2),
        Quantity("Satisfaction score", "points", 5, 10, 1),
        Quantity("Exports", "billion USD", 4, 700, 1),
        Quantity("Patients", "per 1,000", 3, 80, 1),
        Quantity("Crop yield", "tonnes per hectare", 2, 12, 2),
    ),
    "zh": (
        Quantity("营业收入", "万元", 50, 9000, 0),
        Quantity("净利润", "万元", 20, 900, 1, signed=True),
        Quantity("销售量", "件", 100, 20000, 0),
        Quantity("人口", "万人", 20, 2500, 0),
        Quantity("游客人数", "人次", 800, 90000, 0),
        Quantity("市场份额", "%", 10, 60, 1),
        Quantity("失业率", "%", 4, 20, 1),
        Quantity("同比增长率", "%", 3, 30, 1, signed=True),
        Quantity("平均气温", "℃", 10, 38, 1, signed=True),
        Quantity("降水量", "毫米", 60, 400, 0),
        Quantity("用电量", "亿千瓦时", 5, 900, 1),
        Quantity("平均价格", "元", 2, 300, 2),
        Quantity("月平均工资", "元", 3000, 20000, 0),
        Quantity("在校学生", "人", 200, 30000, 0),
        Quantity("响应时间", "毫秒", 20, 900, 0),
        Quantity("准确率", "%", 60, 99, 2),
        Quantity("满意度", "分", 5, 10, 1),
        Quantity("进出口总额", "亿美元", 4, 700, 1),
        Quantity("粮食产量", "吨", 50, 6000, 0),
        Quantity("合格率", "%", 50, 100, 1),
    ),
}

COUNTED: dict[Tongue, Quantity] = {
    "en": Quantity("Frequency", "", 12, 400, 0),
    "zh": Quantity("频数", "", 12, 400, 0),
}
"""What a histogram shows of each bin."""

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
AGES = ("0-14", "15-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84")
HAN_DIGITS = "一二三四五六七八九十"
YEARS = range(1995, 2026)

TIMES: dict[Tongue, tuple[tuple[str, Sequence[str]], ...]] = {
    "en": (
        ("Year", [str(year) for year in YEARS]),
        ("Quarter", [f"{year} Q{quarter}" for year in YEARS for quarter in range(1, 5)]),
        ("Month", MONTHS),
        ("Month", [month[:3] for month in MONTHS]),
        ("Day", [day[:3] for day in DAYS]),
        ("Age group", AGES),
    ),
    "zh": (
        ("年份", [f"{year}年" for year in YEARS]),
        ("季度", [f"{year}年第{quarter}季度" for year in YEARS for quarter in HAN_DIGITS[:4]]),
        ("月份", [f"{month}月" for month in range(1, 13)]),
        ("月份", [f"{month}月" for month in (*HAN_DIGITS, "十一", "十二")]),
        ("星期", [f"周{day}" for day in HAN_DIGITS[:6] + "日"]),
        ("年龄组", [f"{age}岁" for age in AGES]),
    ),
}
"""Successive times and ages, with the title of their axis; a chart shows some neighbours."""
POOLS: dict[Tongue, dict[str, str]] = {
    "en": {
        "City": "city",
        "Country": "country",
        "State": "state",
        "Company": "company",
        "Occupation": "job",
        "Name": "name",
        "Street": "street_name",
    },
    "zh": {
        "城市": "city",
        "国家和地区": "country",
        "省份": "province",
        "公司": "company_prefix",
        "职业": "job",
        "姓名": "name",
        "区县": "district",
    },
}
"""Titles of axes, and what Faker calls the names along them."""
OTHERS: dict[Tongue, tuple[str, ...]] = {"en": ("Category", "Item", "Group"), "zh": ("类别", "项目", "组别")}
"""Titles of axes along which stand words of the corpus."""

TITLES: dict[Tongue, tuple[str, ...]] = {
    "en": ("{quantity} by {family}", "{quantity} of {topic}", "{topic}: {quantity} in {year}", "{topic}"),
    "zh": ("各{family}{quantity}对比", "{topic}{quantity}统计", "{year}年{topic}{quantity}", "{topic}"),
}
SOURCE_LEADS: dict[Tongue, tuple[str, ...]] = {"en": ("Source: ", "Data: "), "zh": ("来源：", "数据来源：")}
"""Words before the source in the picture, which are not part of the answer."""


@dataclass(frozen=True)
class ChartWords:
    """All words that charts of one language are made of."""

    tongue: Tongue
    lines: tuple[str, ...]
    """The lines of the corpus."""
    pools: dict[str, tuple[str, ...]]
    """Names of things to compare, by the title of their axis; empty for a user's corpus."""
    publishers: tuple[str, ...]

    def characters(self) -> set[str]:
        """Every character that a chart may hold, except the digits and signs of numbers."""
        tongue = self.tongue
        texts = [*self.lines, *self.publishers, *self.pools, *OTHERS[tongue]]
        texts += [*SOURCE_LEADS[tongue], *TITLES[tongue]]
        texts += [quantity.name + quantity.unit for quantity in (*QUANTITIES[tongue], COUNTED[tongue])]
        for names in (*self.pools.values(), *(times for _, times in TIMES[tongue])):
            texts += names
        return set().union(*texts, *(title for title, _ in TIMES[tongue])) - {" "}


class Family(NamedTuple):
    """Things that a chart compares."""

    name: str
    members: tuple[str, ...]
    ordered: bool
    """Whether the members are successive times or ages, across which a trend can be seen."""


def read_words(
    source: Path | None, language: Language | None, rng: np.random.Generator
) -> tuple[tuple[ChartWords, ...], tuple[Source, ...], dict[str, int]]:
    """The words of each language in `language`, their sources, and how many lines of `source` are not used.

    With a `source`, names and titles come from it alone.
    """
    lines = read_lines(source) if source else ()
    language = language or (find_language(lines) if lines else "mixed")
    tongues: tuple[Tongue, ...] = ("en", "zh") if language == "mixed" else (language,)
    words, sources = [], []
    for tongue in tongues:
        corpus = read_corpus(source, tongue, rng)
        faker = Faker(LOCALES[tongue])
        faker.seed_instance(int(rng.integers(2**32)))
        pools = {} if source else {title: _pool(faker, what) for title, what in POOLS[tongue].items()}
        words.append(ChartWords(tongue, corpus.lines, pools, _pool(faker, "company")))
        sources += [made for made in corpus.sources if made not in sources]
    return tuple(words), (*sources, *packaged(FAKER)), in_other_languages(lines, language)


def _pool(faker: Faker, what: str) -> tuple[str, ...]:
    """Different names that are short enough for a chart, in the order in which they came."""
    made = dict.fromkeys(faker.format(what) for _ in range(NAMES_IN_POOL))
    return tuple(name for name in made if len(name) <= MAX_NAME_CHARACTERS)


def choose_family(rng: np.random.Generator, words: ChartWords, count: int, time: float) -> Family:
    """`count` different things to compare; with the probability `time` they are successive times or ages."""
    if rng.random() < time:
        title, times = one_of(rng, [some for some in TIMES[words.tongue] if len(some[1]) >= count])
        first = int(rng.integers(len(times) - count + 1))
        return Family(title, tuple(times[first : first + count]), ordered=True)
    title = one_of(rng, [*words.pools, *OTHERS[words.tongue]])
    return Family(title, choose_names(rng, words, count, words.pools.get(title, ())), ordered=False)


def choose_names(
    rng: np.random.Generator, words: ChartWords, count: int, pool: Sequence[str] = ()
) -> tuple[str, ...]:
    """`count` different names from the pool or, without one, runs of words of the corpus."""
    names: dict[str, str] = {}
    for _ in range(20 * count):
        name = one_of(rng, pool) if pool else _choose_name(rng, words)
        # names are keys of the answer; two that differ only in case can't be told apart in every font
        names.setdefault(name.casefold(), name)
        if len(names) == count:
            return tuple(names.values())
    raise Reject("too few different names in the corpus")


def choose_title(rng: np.random.Generator, words: ChartWords, quantity: Quantity, family: Family) -> str:
    template = one_of(rng, TITLES[words.tongue])
    topic = _choose_phrase(rng, words, Range(2, 7) if words.tongue == "en" else Range(4, 12))
    name = quantity.name
    if not template.startswith("{quantity}"):
        name = name[0].lower() + name[1:]
    year = 2000 + int(rng.integers(26))
    return template.format(quantity=name, family=family.name.lower(), topic=topic, year=year)


def _choose_phrase(rng: np.random.Generator, words: ChartWords, length: Range) -> str:
    """Some words of the corpus written like a title: a capital first, and no punctuation at the ends."""
    for _ in range(20):
        text = choose_words(rng, words.lines, length).strip(STRIPPED)
        if text and text != NO_TEXT and not SPLITTING.search(text) and complex_character(text) is None:
            return text[0].upper() + text[1:]
    raise Reject("no words for a title in the corpus")


def _choose_name(rng: np.random.Generator, words: ChartWords) -> str:
    """One or two words, or a few Chinese characters, without signs among them."""
    length, least = (Range(1, 2), MIN_WORD_CHARACTERS) if words.tongue == "en" else (Range(2, 6), 1)
    for _ in range(100):
        parts = _choose_phrase(rng, words, length).split()
        whole = all(len(part) >= least and part.isalnum() for part in parts)
        if whole and FUNCTION_WORDS.isdisjoint(part.lower() for part in parts):
            return " ".join(parts)
    raise Reject("no words for a name in the corpus")
