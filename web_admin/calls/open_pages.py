"""Mark the calls of each home for the pages that wait for them, and note whose pages are open."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session, object_session, sessionmaker

from web_admin.accounts.models import User
from web_admin.accounts.session_models import AccountSession
from web_admin.calls.live import rings_on_pages
from web_admin.calls.models import HomeCall, HomeCallPerson, HomeCallWishes
from web_admin.calls.reach import PAGE_KNOWN_FOR, called, is_called, note_page_open
from web_admin.compound.models import Person
from web_admin.core.database import Menjin

QUIET = "-"
"""The mark of a home that is not called now."""
MARK_CHARS = 20
NOTED_EVERY = timedelta(seconds=20)
_CALLED = "menjin_called"


def marks_of_homes(menjin: Menjin) -> str:
    """Return a line for each home that is called now: its id, and a mark that changes with its calls."""
    now = menjin.clock()
    with menjin.database.snapshot() as session:
        calls = session.scalars(
            select(HomeCall)
            .where(HomeCall.stage != "over", HomeCall.ends_at > now)
            .order_by(HomeCall.home_id, HomeCall.call_id)
        ).all()
    seen: dict[str, list[object]] = {}
    for one in calls:
        who = (one.answered_by, one.leg)
        how = (one.call_id, one.stage, *who, one.reply, one.order_id, rings_on_pages(one, now))
        seen.setdefault(one.home_id, []).append(how)
    marks = {
        home_id: menjin.sealer.lookup("call-mark", repr(of_home).encode()).hex()[:MARK_CHARS]
        for home_id, of_home in seen.items()
    }
    return "\n".join(f"{home_id} {mark}" for home_id, mark in marks.items())


@event.listens_for(HomeCall, "after_insert")
@event.listens_for(HomeCall, "after_update")
def _called(_mapper: object, _connection: object, call: HomeCall) -> None:
    session = object_session(call)
    # A report in between sets what is there already.
    if session is not None and session.is_modified(call):
        session.info[_CALLED] = True


def hear_calls(opens: sessionmaker[Session], look: Callable[[], object]) -> None:
    """Call `look` when a transaction of these sessions that began or changed a call is committed."""

    @event.listens_for(opens, "after_commit")
    def _committed(session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop(_CALLED, False):
            look()


def part_of(home_id: str) -> Callable[[str], str]:
    """Return what takes a home's own mark out of those of all."""

    def own(marks: str) -> str:
        found = dict(line.split(" ", 1) for line in marks.splitlines())
        return found.get(home_id, QUIET)

    return own


def waits_for_calls(session: Session, person: Person) -> bool:
    """Return whether a person's pages ring: their home takes calls, and they are called."""
    wishes = session.get(HomeCallWishes, person.home_id) if person.home_id is not None else None
    return wishes is not None and wishes.takes_calls and is_called(session, person)


def may_wait_on(session: Session, account_id: int, word: str, session_sha256: bytes, now: datetime) -> bool:
    """Return whether a stream may go on: account, session, home and wishes in one question.

    Hundreds of streams ask it every few seconds.
    """
    rows = (
        called(select(Person.person_id))
        .join(HomeCallWishes, HomeCallWishes.home_id == Person.home_id)
        .join(User, User.person_id == Person.person_id)
        .join(AccountSession, AccountSession.account_id == User.id)
        .where(
            HomeCallWishes.takes_calls.is_(True),
            User.id == account_id,
            User.active.is_(True),
            User.fs_uniquifier == word,
            AccountSession.session_sha256 == session_sha256,
            AccountSession.ends_at > now,
        )
    )
    return session.scalar(rows) is not None


class OpenPages:
    """The people whose pages were noted as open, and when; each in a third of a minute again."""

    def __init__(self) -> None:
        """Start with none."""
        self._noted_at: dict[str, datetime] = {}

    def note(self, menjin: Menjin, person_ids: Collection[str]) -> None:
        """Note that the pages of these people are open, in one transaction where any is due."""
        now = menjin.clock()
        last = {one: at for one, at in self._noted_at.items() if one in person_ids}
        due = [one for one in sorted(person_ids) if one not in last or last[one] <= now - NOTED_EVERY]
        if due:
            with menjin.database.session() as session:
                _note(session, due, now)
        self._noted_at = {**last, **dict.fromkeys(due, now)}


def _note(session: Session, person_ids: Collection[str], now: datetime) -> None:
    known = HomeCallPerson.person_id.in_(person_ids)
    has_row = set(session.scalars(select(HomeCallPerson.person_id).where(known)))
    session.execute(update(HomeCallPerson).where(known).values(page_open_until=now + PAGE_KNOWN_FOR))
    for person_id in set(person_ids) - has_row:
        note_page_open(session, person_id, now)
