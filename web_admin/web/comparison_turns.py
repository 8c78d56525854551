"""Take turns at comparing what an act changes for many people: one at a time of an account, so many a minute.

It is work of the processor alone, for seconds in a large compound, in the process that answers gates. So each
process does one at a time: of more than one, gates would get the less of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from flask_babel import lazy_gettext as _l

from web_admin.core.limit_counts import CountedTries, current_counts, wait_seconds
from web_admin.core.limits import COMPARISONS
from web_admin.core.refusal import ActionRefused
from web_admin.web.site import current_site, request_now

_turn = Lock()
_under_way: set[tuple[str, str]] = set()
"""Accounts, with their site, of which one is worked out or waits for its turn."""
_noting = Lock()


class NoTurn(ActionRefused):
    """A refusal to compare for an account that compares already, or did so too often; seconds to wait."""

    def __init__(self, seconds: int) -> None:
        """Take for how long it has to wait, 0 until its other comparison has ended."""
        sentence = (
            _l(
                "This account has had too many acts worked out within a minute. Nothing was done; send this "
                "again in %(seconds)s seconds.",
                seconds=seconds,
            )
            if seconds
            else _l(
                "Another act of this account is being worked out. Nothing was done; send this again when "
                "that one has its answer."
            )
        )
        super().__init__(None, sentence)
        self.seconds = seconds


def refuse_without_turn(account: str | None) -> None:
    """Raise NoTurn where this account could compare nothing now: before anything of its act is done."""
    if account is None:
        return
    key = current_site().site_id, account
    if key in _under_way:
        raise NoTurn(0)
    (counted,) = current_counts().look([CountedTries(COMPARISONS, key)])
    wait = wait_seconds(COMPARISONS, counted, request_now())
    if wait:
        raise NoTurn(wait)


@contextmanager
def turn_to_compare(account: str | None) -> Iterator[None]:
    """Do what is inside when it is this account's turn; raise NoTurn. No transaction may be open.

    None is no account: an act that begins at its time waits, and is never refused.
    """
    if account is None:
        with _turn:
            yield
        return
    key = current_site().site_id, account
    wait = current_counts().take(CountedTries(COMPARISONS, key), request_now())
    if wait:
        raise NoTurn(wait)
    with _noting:
        if key in _under_way:
            raise NoTurn(0)
        _under_way.add(key)
    try:
        with _turn:
            yield
    finally:
        _under_way.discard(key)
