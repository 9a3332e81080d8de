"""What can be wrong with a row or an image."""

from got_train.report import UserError


class ImageError(ValueError):
    """An image that cannot be read; `cause` is the kind of fault."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


class RowError(UserError):
    """A row that cannot be used; `cause` is the kind of fault, by which faults are counted."""

    def __init__(self, where: str, cause: str = "", detail: str = "") -> None:
        """Keeps its parts.

        Args:
            where: which row; or, alone, what torch hands on of an error in a loader worker: a traceback
                that ends in the error's own text.
            cause: one of those that docs/data.md lists.
            detail: what is wrong.
        """
        if not cause:
            where, cause, detail = where.rstrip("\n").rpartition("RowError: ")[2].split(": ", 2)
        # Names of files and members may hold what cannot be printed, nor written in UTF-8.
        where, detail = (text.encode(errors="backslashreplace").decode() for text in (where, detail))
        super().__init__(where, cause, detail)
        self.where = where
        self.cause = cause
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.where}: {self.cause}: {self.detail}"
