"""Refuse an action with a sentence for the field that is wrong, or a command with one for its terminal."""

from flask_babel import LazyString


class ActionRefused(Exception):
    """An action that may not be done; `field` says beside which input the message belongs."""

    def __init__(self, field: str | None, message: LazyString) -> None:
        super().__init__(message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        """Return the message in the language of the moment."""
        return str(self.message)


def N_(text: str) -> str:  # noqa: N802 - the name that the extractor looks for
    """Mark a text of the catalogue that a terminal translates later."""
    return text


class WorkRefused(Exception):
    """Work of an operator that cannot be done; English, in which it is logged, until a terminal says it."""

    def __init__(self, text: str, **values: object) -> None:
        """Take a text of the catalogue, marked by N_, and what fills it."""
        super().__init__(text % values if values else text)
        self.text = text
        self.values = values
