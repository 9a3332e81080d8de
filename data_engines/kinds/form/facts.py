"""Names, numbers and dates for the blanks of templates."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import ModuleType

import numpy as np

from data_engines.kinds.form import chinese, english
from data_engines.tools.chance import one_of
from data_engines.tools.matter.filler import Matter, Tongue

TABLES: dict[Tongue, ModuleType] = {"en": english, "zh": chinese}
FIRST, LAST = datetime(2012, 1, 1), datetime(2031, 12, 31)
"""Days on which papers are written."""
FIRST_BIRTH, LAST_BIRTH = date(1945, 1, 1).toordinal(), date(2008, 12, 31).toordinal()
SHAPES = {
    **{f"digits{count}": "#" * count for count in (2, 4, 5, 6, 8, 9)},
    "tin": "##-#######",
    "credit": "91######MA#?####??",
    "sort": "##-##-##",
    "iban": "DE## #### #### #### #### ##",
    "swift": "????DE##",
    "letter2": "??",
    "identity": "######19######%###",
}
"""Numbers by name: a digit for each `#`, a capital for each `?`; `%` is a digit other than 0."""


@dataclass(frozen=True)
class Facts:
    """Fills templates in one language; `sender` is who writes the paper."""

    rng: np.random.Generator
    matter: Matter
    sender: str = ""

    @property
    def table(self) -> ModuleType:
        return TABLES[self.matter.tongue]

    def fill(self, template: str) -> str:
        return template.format_map(self)

    def one(self, templates: tuple[str, ...]) -> str:
        return self.fill(one_of(self.rng, templates))

    def __getitem__(self, name: str) -> str:
        if name in SHAPES:
            return re.sub(r"[#?%]", lambda sign: self._sign(sign[0]), SHAPES[name])
        match name:
            case "sender":
                return self.sender
            case "surname" | "first" | "last":
                return self._part_of_name(name)
            case "street":
                # Chinese addresses end with a post code
                return re.sub(r" \d{6}$", "", self.address()[0])
            case "day":
                return f"{self.birth():{one_of(self.rng, self.table.DAYS)}}"
            case "birth8":
                return f"{self.birth():%d%m%Y}"
            case "recent":
                return f"{self.moment():{one_of(self.rng, self.table.DAYS)}}"
            case "sex":
                return one_of(self.rng, ("男", "女"))
            case "nation":
                return one_of(self.rng, self.table.NATIONS)
            case "relative":
                return one_of(self.rng, self.table.RELATIVES)
        return self.matter.fill(self.rng, f"{{{name}}}")

    def birth(self) -> date:
        return date.fromordinal(int(self.rng.integers(FIRST_BIRTH, LAST_BIRTH)))

    def moment(self) -> datetime:
        """When a paper is written, in the hours of shops."""
        seconds = int(self.rng.integers((LAST - FIRST).days)) * 86400 + int(self.rng.integers(28_800, 80_000))
        return FIRST + timedelta(seconds=seconds)

    def address(self) -> tuple[str, ...]:
        """The lines of an address."""
        return tuple(one_of(self.rng, self.matter.addresses).split(", "))

    def _sign(self, sign: str) -> str:
        low, signs = {"#": (0, "0123456789"), "%": (1, "0123456789"), "?": (0, "ABCDEFGHJKLMNPQRSTUVWXY")}[
            sign
        ]
        return signs[int(self.rng.integers(low, len(signs)))]

    def _part_of_name(self, part: str) -> str:
        name = one_of(self.rng, self.matter.people)
        if self.matter.tongue == "zh":
            return name[:1] if part != "first" else name[1:]
        words = [word for word in name.split() if not word.endswith(".") and len(word) > 3] or [name]
        return words[0] if part == "first" else words[-1]
