"""End suspensions whose time is over, and requests for one that no second account confirmed."""

from datetime import datetime

from sqlalchemy import and_, or_, select

from web_admin.action.base import Action, begin, finish, new_action, record
from web_admin.action.suspension_reasons import WAITS_FOR
from web_admin.action.suspension_rows import parties_left
from web_admin.compound.models import CredentialRow, Person, Site
from web_admin.compound.suspension_models import Suspension
from web_admin.core.database import Menjin
from web_admin.face.ways_in import settle_face
from web_admin.people.suspensions import facts_of


def end_by_time(menjin: Menjin, now: datetime) -> int:
    """End what is over by time, in every site; return how many suspensions ended."""
    count = 0
    with menjin.database.session() as session:
        for site_id in session.scalars(select(Site.site_id).order_by(Site.site_id)).all():
            count += end_due(new_action(menjin, session, site_id, "housekeeping", "system", now=now))
    return count


def end_due(act: Action) -> int:
    """End what is over by time in one site; return how many suspensions ended."""
    over = or_(
        and_(Suspension.began_at.is_not(None), Suspension.until <= act.now),
        and_(Suspension.began_at.is_(None), Suspension.given_at <= act.now - WAITS_FOR),
    )
    due = select(Suspension.suspension_id).where(
        Suspension.site_id == act.site_id, Suspension.ended_at.is_(None), over
    )
    ids = act.session.scalars(due.order_by(Suspension.suspension_id)).all()
    for suspension_id in ids:
        begin(act)
        _end(act, act.session.get_one(Suspension, suspension_id))
    return len(ids)


def _end(act: Action, row: Suspension) -> None:
    if row.ended_at is not None:
        return
    row.ended_at = act.now
    if row.began_at is None:
        record(act, "suspension_lapsed", facts_of(row))
        return
    person = act.session.get_one(Person, row.person_id)
    if row.credential_id is None:
        left = parties_left(act.session, person)
        person.suspended, person.suspended_by = bool(left), left
    else:
        credential = act.session.get_one(CredentialRow, row.credential_id)
        if credential.state == "suspended":
            left = parties_left(act.session, credential)
            credential.state, credential.suspended_by = "suspended" if left else "active", left
        settle_face(act.session, person, act.now)
    kind = "person_resumed" if row.credential_id is None else "credential_resumed"
    finish(act, kind, {**facts_of(row), "by_time": True}, person_id=row.person_id)
