"""Delivery errors."""


class NotSent(Exception):
    """A message did not go out; `trouble` is a stable word, with a receiver's code where there is one.

    `for_good`: trying again would change nothing. Neither word nor code reveals anything about a person.
    """

    def __init__(self, trouble: str, *, for_good: bool = False) -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.for_good = for_good
