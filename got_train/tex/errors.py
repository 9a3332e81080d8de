"""What is wrong with a text that is read as LaTeX or typeset."""


class TexError(Exception):
    """LaTeX that can't be read or typeset; the message is the cause, equal for many texts."""
