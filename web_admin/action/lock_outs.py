"""Refuse acts that keep a resident out of their home for no reason of the list.

Whatever the act changes, it counts what comes of it: whether gates still let the resident in (`access`). An
act that keeps residents out has a reason of `suspension_reasons`, which they read; each of them is notified,
kept as a row, and counted in the public report. No list and no other system keeps anyone out.

An act that has a reason of its own is not refused, so it waits for nothing: what comes of it is counted after
it, for a page that commits first (`Effects.after_commit`) even after the commit.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, new_id, own_person_id, record_many
from web_admin.action.suspension_reasons import RULES, SuspensionReason
from web_admin.action.suspensions import party_of
from web_admin.compound.models import Person
from web_admin.compound.suspension_models import LockOut
from web_admin.core.database import among
from web_admin.core.effects import Watch
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import NewEntry

FIELD = "lock_out"
"""Name of the field in which a form sends the reason."""
LEDGER_KIND = "locked_out"

_log = logging.getLogger(__name__)


class LockOutRefused(ActionRefused):
    """A refusal to keep residents out; `reasons` are those for which the act may, none where it may not."""

    def __init__(self, person_ids: Sequence[str], reasons: Sequence[SuspensionReason]) -> None:
        """Say how many people are kept out."""
        count = len(person_ids)
        sentence = (
            _("This leaves %(count)s people with no way home, or almost none. Choose a reason.", count=count)
            if reasons
            else _(
                "This leaves %(count)s people with no way home, or almost none. No list and no "
                "other system may do that: the property office decides for one person at a time.",
                count=count,
            )
        )
        super().__init__(FIELD, sentence)
        self.person_ids, self.reasons = person_ids, reasons


@contextmanager
def kept_in(
    act: Action,
    kind: str,
    person_ids: Collection[str] | None,
    reasons: Sequence[SuspensionReason] = (),
    why: str = "",
) -> Iterator[None]:
    """Do what is inside; raise LockOutRefused where it keeps residents out for no reason among `reasons`.

    `kind` is the act's in the ledger; `person_ids` are those whom it can concern, None for everyone. `why` is
    the reason that the act itself has, where none was chosen. What people do themselves is theirs to do.
    """
    if own_person_id(act) is not None or (person_ids is not None and not person_ids):
        yield
        return
    if why in reasons and person_ids is not None and act.channel not in ("api", "home"):
        reason = act.because if act.because in reasons else why
        yield from _kept_after(act, kind, person_ids, SuspensionReason(reason))
        return
    watch = act.effects.watch(act.session, act.site_id, act.now, person_ids)
    yield
    residents = _residents(act, watch.kept_out())
    if not residents:
        return
    if act.channel == "home":
        reasons, why = (SuspensionReason.HOME,), SuspensionReason.HOME
    reason = act.because or why
    if act.channel == "api" or reason not in reasons:
        raise LockOutRefused(residents, () if act.channel == "api" else reasons)
    _keep(act, kind, residents, SuspensionReason(reason))


def _kept_after(
    act: Action, kind: str, person_ids: Collection[str], reason: SuspensionReason
) -> Iterator[None]:
    """Do an act that has its reason, then keep whom it keeps out; it never fails or waits because of that."""
    watch = _watch(act, person_ids)
    yield

    def keep(reading: Session | None) -> None:
        keep_lock_outs(act, kind, _found(act, watch, person_ids, reading), reason)

    if not act.effects.after_commit(keep):
        keep(None)


def _watch(act: Action, person_ids: Collection[str]) -> Watch | None:
    try:
        with act.session.begin_nested():
            return act.effects.watch(act.session, act.site_id, act.now, person_ids)
    except Exception:  # noqa: BLE001 - the act goes on, and it is logged
        _log.exception("what gates are sent could not be read before an act; it counts as a lock-out")
        return None


def _found(
    act: Action, watch: Watch | None, person_ids: Collection[str], reading: Session | None
) -> Collection[str]:
    """Return whom an act kept out; all whom it concerns where that cannot be worked out."""
    if watch is None:
        return person_ids
    try:
        with (reading or act.session).begin_nested():
            return watch.kept_out(reading)
    except Exception:  # noqa: BLE001 - the act goes on, and it is logged
        _log.exception("whom an act keeps out could not be worked out; it counts as a lock-out")
        return person_ids


def keep_lock_outs(act: Action, kind: str, person_ids: Collection[str], reason: SuspensionReason) -> int:
    """Keep a row of each resident whom an act kept out, and notify them; return how many they are."""
    residents = _residents(act, person_ids)
    if residents:
        _keep(act, kind, residents, reason)
    return len(residents)


def _residents(act: Action, person_ids: Collection[str]) -> Sequence[str]:
    if not person_ids:
        return ()
    # Staff without a home come as their employer decides, and helpers as long as their home wants.
    if act.channel == "home":
        lives_here: ColumnElement[bool] = Person.kind.not_in(("staff", "helper"))
    else:
        lives_here = or_(
            Person.kind != "staff", Person.home_id.is_not(None)
        )  # a list can call a resident staff
    residents = select(Person.person_id).where(
        among(act.session, Person.person_id, person_ids), lives_here, Person.ended_at.is_(None)
    )
    return act.session.scalars(residents.order_by(Person.person_id)).all()


def _keep(act: Action, kind: str, residents: Sequence[str], reason: SuspensionReason) -> None:
    rows = [
        LockOut(
            lock_out_id=new_id(),
            site_id=act.site_id,
            person_id=person_id,
            act=kind,
            reason=reason.value,
            party=party_of(act),
            given_by=act.actor_id,
            at=act.now,
        )
        for person_id in residents
    ]
    act.session.add_all(rows)
    act.session.flush()
    record_many(
        act,
        [
            NewEntry(
                LEDGER_KIND,
                {"lock_out_id": row.lock_out_id, "act": kind, "reason": row.reason, "party": row.party},
                row.person_id,
            )
            for row in rows
        ],
    )


def words_of(reasons: Sequence[SuspensionReason]) -> list[tuple[str, object]]:
    return [(reason.value, RULES[reason].word) for reason in reasons]
