"""Describe what the screens of calls to homes show beside their texts."""

from typing import Annotated

import msgspec

ENTRIES_A_PAGE = 6


class CallShown(msgspec.Struct, frozen=True, kw_only=True):
    """The home that is typed or called, and a page of the list of homes."""

    home: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[0-9-]*\Z")] = ""
    is_courier: bool = False
    has_list: bool = False
    """True if there are homes to pick from a list."""
    entries: Annotated[tuple[str, ...], msgspec.Meta(max_length=ENTRIES_A_PAGE)] = ()
    """Of this page: each home's label and number, picked by the keys from 1."""
    page: int = 0
    pages: int = 0
    offers_guard: bool = False
    """True while the screen asks whether to call the guard."""
