"""What charts are about: quantities with units, names of things to compare, and titles."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from faker import Faker

from data_engines.engine import Reject, Source
from data_engines.kinds.chart import NAMES
from data_engines.options import Range
from data_engines.tools.corpora import Language, choose_words, complex_character, read_corpus
from data_engines.tools.packages import packaged

Tongue = Literal["en", "zh"]
"""The language of one chart."""

LOCALES: dict[Tongue, str] = {"en": "en_US", "zh": "zh_CN"}
NAMES_IN_POOL = 800
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

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
AGES = ("0-14", "15-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84")
HAN_DIGITS = "一二三四五六七八九十"
HAN_MONTHS = [f"{n}月" for n in (*HAN_DIGITS, "十一", "十二")]

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
        fixed = "".join([*MONTHS, *DAYS, *HAN_MONTHS, *SOURCE_LEADS[self.tongue], *TITLES[self.tongue]])
        units = "".join(quantity.name + quantity.unit for quantity in QUANTITIES[self.tongue])
        names = "".join(name for pool in self.pools.values() for name in pool)
        more = fixed + units + names + "".join(self.pools) + "".join(self.publishers)
        return set("".join(self.lines) + more + "年季度第周日星期岁月份龄组类别项目Quarter") - {" "}


class Family(NamedTuple):
    """Things that a chart compares."""

    name: str
    members: tuple[str, ...]
    ordered: bool
    """Whether the members are successive times or ages, across which a trend can be seen."""


def read_words(
    source: Path | None, language: Language, rng: np.random.Generator
) -> tuple[tuple[ChartWords, ...], tuple[Source, ...]]:
    """The words of each language in `language`; with a `source`, names and titles come from it alone."""
    tongues: tuple[Tongue, ...] = ("en", "zh") if language == "mixed" else (language,)
    words, sources = [], []
    for tongue in tongues:
        corpus = read_corpus(source, tongue, rng)
        faker = Faker(LOCALES[tongue])
        faker.seed_instance(int(rng.integers(2**32)))
        pools = {} if source else _name_pools(faker, tongue)
        publishers = _pool(faker.company)
        words.append(ChartWords(tongue, corpus.lines, pools, publishers))
        sources += [made for made in corpus.sources if made not in sources]
    return tuple(words), (*sources, *packaged(NAMES))


def choose_family(rng: np.random.Generator, words: ChartWords, count: int, time: float) -> Family:
    """`count` different things to compare; with the probability `time` they are successive times."""
    if rng.random() < time:
        return _choose_times(rng, words.tongue, count)
    pools = list(words.pools)
    chosen = int(rng.integers(len(pools) + 3))
    if chosen < len(pools):
        return Family(pools[chosen], choose_names(rng, words, count, pools[chosen]), ordered=False)
    return Family(
        str(rng.choice(("Category", "Item", "Group") if words.tongue == "en" else ("类别", "项目", "组别"))),
        choose_names(rng, words, count),
        ordered=False,
    )


def choose_names(
    rng: np.random.Generator, words: ChartWords, count: int, pool: str | None = None
) -> tuple[str, ...]:
    """`count` different names, from the pool `pool` or, without one, runs of words of the corpus."""
    names: list[str] = []
    for _ in range(20 * count):
        if pool is None:
            name = _choose_name(rng, words)
        else:
            name = words.pools[pool][rng.integers(len(words.pools[pool]))]
        # names are keys of the answer; two that differ only in case can't be told apart in every font
        if name.casefold() not in (other.casefold() for other in names):
            names.append(name)
        if len(names) == count:
            return tuple(names)
    raise Reject("too few different names in the corpus")


def choose_title(rng: np.random.Generator, words: ChartWords, quantity: Quantity, family: Family) -> str:
    template = TITLES[words.tongue][rng.integers(len(TITLES[words.tongue]))]
    topic = choose_phrase(rng, words, Range(2, 7) if words.tongue == "en" else Range(4, 12))
    quantity_name, family_name = quantity.name, family.name
    if words.tongue == "en" and not template.startswith("{quantity}"):
        quantity_name = quantity_name[0].lower() + quantity_name[1:]
    if words.tongue == "en":
        family_name = family_name.lower()
    year = 2000 + int(rng.integers(26))
    return template.format(quantity=quantity_name, family=family_name, topic=topic, year=year)


def choose_phrase(rng: np.random.Generator, words: ChartWords, length: Range) -> str:
    """Some words of the corpus written like a title: a capital first, and no punctuation at the ends."""
    for _ in range(20):
        text = choose_words(rng, words.lines, length).strip(STRIPPED)
        if text and text != NO_TEXT and not SPLITTING.search(text) and complex_character(text) is None:
            return text[0].upper() + text[1:]
    raise Reject("no words for a title in the corpus")


def _choose_name(rng: np.random.Generator, words: ChartWords) -> str:
    """One or two words, or a few Chinese characters, without signs among them."""
    for _ in range(100):
        if words.tongue == "zh":
            name = choose_phrase(rng, words, Range(2, 6))
            if name.isalnum():
                return name
            continue
        parts = choose_phrase(rng, words, Range(1, 2)).split()
        if all(len(part) >= MIN_WORD_CHARACTERS and part.isalnum() for part in parts):
            if not FUNCTION_WORDS & {part.lower() for part in parts}:
                return " ".join(parts)
    raise Reject("no words for a name in the corpus")


def choose_publisher(rng: np.random.Generator, words: ChartWords) -> str:
    return words.publishers[rng.integers(len(words.publishers))]


def _choose_times(rng: np.random.Generator, tongue: Tongue, count: int) -> Family:
    form = int(rng.integers(5))
    if form == 1 and count <= 12:
        first = int(rng.integers(13 - count))
        full = MONTHS if rng.random() < 0.4 else [month[:3] for month in MONTHS]
        months = full if tongue == "en" else HAN_MONTHS if rng.random() < 0.5 else _numbered("月", 12)
        return Family("Month" if tongue == "en" else "月份", tuple(months[first : first + count]), True)
    if form == 2 and count <= 7:
        days = [day[:3] for day in DAYS] if tongue == "en" else [f"周{day}" for day in HAN_DIGITS[:6] + "日"]
        return Family("Day" if tongue == "en" else "星期", tuple(days[:count]), True)
    if form == 3 and count <= len(AGES):
        first = int(rng.integers(len(AGES) + 1 - count))
        ages = AGES if tongue == "en" else [f"{age}岁" for age in AGES]
        return Family("Age group" if tongue == "en" else "年龄组", tuple(ages[first : first + count]), True)
    year = 1995 + int(rng.integers(31 - count if count < 31 else 1))
    if form == 4 and count <= 12:
        quarters = [(year + i // 4, i % 4 + 1) for i in range(count)]
        named = [f"{y} Q{q}" if tongue == "en" else f"{y}年第{HAN_DIGITS[q - 1]}季度" for y, q in quarters]
        return Family("Quarter" if tongue == "en" else "季度", tuple(named), True)
    suffix = "年" if tongue == "zh" and rng.random() < 0.5 else ""
    years = tuple(f"{year + i}{suffix}" for i in range(count))
    return Family("Year" if tongue == "en" else "年份", years, True)


def _numbered(unit: str, count: int) -> list[str]:
    return [f"{number}{unit}" for number in range(1, count + 1)]


def _name_pools(faker: Faker, tongue: Tongue) -> dict[str, tuple[str, ...]]:
    if tongue == "en":
        makers = {
            "City": faker.city,
            "Country": faker.country,
            "State": faker.state,
            "Company": faker.company,
            "Occupation": faker.job,
            "Name": faker.name,
            "Street": faker.street_name,
        }
    else:
        makers = {
            "城市": faker.city,
            "国家和地区": faker.country,
            "省份": faker.province,
            "公司": faker.company_prefix,
            "职业": faker.job,
            "姓名": faker.name,
            "区县": faker.district,
        }
    return {name: _pool(make) for name, make in makers.items()}


def _pool(make: Callable[[], str]) -> tuple[str, ...]:
    """Different names from `make` that are short enough for a chart, in the order in which they came."""
    made = dict.fromkeys(make() for _ in range(NAMES_IN_POOL))
    return tuple(name for name in made if len(name) <= 24)
