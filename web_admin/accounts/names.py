"""Names that residents see of readers of their data: staff by choice or role, a system by its key's name."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from web_admin.accounts.models import ApiKey, StaffProfile, User
from web_admin.accounts.texts import ROLES

PREFIX = "staff-"
KEY_PREFIX = "key:"


def shown_names(session: Session, actor_ids: Iterable[str | None]) -> Mapping[str, str]:
    """Return the name of each actor that is a member of staff or a key, in a query each; others are left out.

    An e-mail address is never among them.
    """
    known = {actor for actor in actor_ids if actor}
    return {**_staff(session, known), **_keys(session, known)}


def staff_names(session: Session) -> Mapping[str, str]:
    """Return the name of every account of staff by the id under which journals name it, closed ones too."""
    return _named(session, User.person_id.is_(None))


def staff_account_is_open(session: Session, actor_id: str) -> bool:
    """Return whether an account of staff, by the id under which journals name it, may sign in."""
    number = actor_id.removeprefix(PREFIX)
    account = session.get(User, int(number)) if number.isdecimal() else None
    return account is not None and account.active


def _keys(session: Session, actors: Iterable[str]) -> Mapping[str, str]:
    ids = [actor.removeprefix(KEY_PREFIX) for actor in actors if actor.startswith(KEY_PREFIX)]
    if not ids:
        return {}
    rows = session.execute(select(ApiKey.key_id, ApiKey.name).where(ApiKey.key_id.in_(ids)))
    return {f"{KEY_PREFIX}{key_id}": name for key_id, name in rows}


def _staff(session: Session, actors: Iterable[str]) -> Mapping[str, str]:
    numbers = {
        int(actor.removeprefix(PREFIX))
        for actor in actors
        if actor.startswith(PREFIX) and actor.removeprefix(PREFIX).isdecimal()
    }
    if not numbers:
        return {}
    return _named(session, and_(User.id.in_(numbers), User.person_id.is_(None)))


def _named(session: Session, wanted: ColumnElement[bool]) -> Mapping[str, str]:
    rows = session.execute(
        select(User, StaffProfile.shown_name)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(wanted)
    )
    return {f"{PREFIX}{account.id}": name or _by_role(account) for account, name in rows}


def _by_role(account: User) -> str:
    role = account.roles[0].name if account.roles else ""
    return str(ROLES[role]) if role in ROLES else _("Staff")
