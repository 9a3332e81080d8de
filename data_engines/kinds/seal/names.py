"""Names of companies and persons that do not exist, put together from existing words."""

import re
from dataclasses import dataclass

import numpy as np

from data_engines.kind import CHINESE
from data_engines.tools.chance import one_of
from got_train.packages import package_folder

TRADES = (
    *("科技", "信息技术", "网络科技", "贸易", "商贸", "建筑工程", "建筑装饰", "物业管理", "医疗器械"),
    *("餐饮管理", "文化传媒", "广告", "物流", "机械设备", "汽车销售", "环保科技", "新能源", "电子"),
    *("生物科技", "食品", "服饰", "家具", "房地产开发", "人力资源", "企业管理咨询", "旅游"),
)
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司", "有限公司分公司")
USES = ("合同专用章", "财务专用章", "业务专用章", "人事专用章", "报关专用章", "质检专用章", "")
"""Purposes of company seals; the main seal of a company names none."""

FIXED = ("发票专用章", "之印", "0123456789")
"""Other characters of seals."""

_PLACE = re.compile(r"([\u4e00-\u9fff]{2,4}[市县区]) \d+ ns")
_WORD = re.compile(r"([\u4e00-\u9fff]{2}) (\d+) nz?")
_PERSON = re.compile(r"([\u4e00-\u9fff]{2,3}) \d+ nr")
MIN_COUNT = 200
"""How often a word occurs in the texts of the dictionary; rarer words are no names of companies."""


@dataclass(frozen=True)
class NameParts:
    """Words from which names are put together."""

    places: tuple[str, ...]
    words: tuple[str, ...]
    persons: tuple[str, ...]

    @property
    def characters(self) -> set[str]:
        """All characters that a seal may have."""
        return set("".join((*self.places, *self.words, *self.persons, *TRADES, *FORMS, *USES, *FIXED)))


def read_name_parts() -> NameParts:
    """Places, common nouns and persons of jieba's dictionary; a line of it is a word, its count and kind."""
    text = (package_folder("jieba") / CHINESE.what).read_text(encoding="utf-8")
    lines = text.splitlines()
    return NameParts(
        tuple(found[1] for line in lines if (found := _PLACE.fullmatch(line))),
        tuple(found[1] for line in lines if (found := _WORD.fullmatch(line)) and int(found[2]) >= MIN_COUNT),
        tuple(found[1] for line in lines if (found := _PERSON.fullmatch(line))),
    )


def choose_company(rng: np.random.Generator, parts: NameParts) -> str:
    """A company, as place, name, trade and legal form."""
    place, name = one_of(rng, parts.places), one_of(rng, parts.words)
    return f"{place}{name}{one_of(rng, TRADES)}{one_of(rng, FORMS)}"


def choose_person(rng: np.random.Generator, parts: NameParts) -> str:
    """The four characters of a name seal: a name, and 印 or 之印 after it."""
    name = one_of(rng, parts.persons)
    return f"{name}之印" if len(name) == 2 else f"{name}印"


def choose_number(rng: np.random.Generator, digits: int) -> str:
    """A registration number with `digits` digits; its first digit is not 0."""
    first = rng.integers(1, 10)
    return f"{first}{''.join(map(str, rng.integers(0, 10, size=digits - 1)))}"
