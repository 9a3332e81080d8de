r"""Which characters are Chinese, as parts of a class in a regular expression: `re.compile(f"[{HAN}]")`."""

HAN = r"\u4e00-\u9fff"
"""The Chinese characters of usual texts."""
EAST_ASIAN = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
"""All that is set in a Chinese font: those, rarer ones, kana, punctuation and wide forms."""
FIRST_EAST_ASIAN = "\u2e80"
"""No letter of other scripts that are drawn here comes after it."""
