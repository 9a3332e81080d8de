"""What documents hold beside prose: prices, dates, addresses, codes, contents, lists and the like."""


def templates(text: str) -> tuple[str, ...]:
    """The lines of a table, without their indents; one that stands there twice is chosen twice as often."""
    return tuple(line.strip() for line in text.strip().splitlines())
