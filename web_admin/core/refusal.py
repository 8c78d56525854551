"""Refuse an action with a sentence for the field that is wrong."""

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
