"""By which name residents read of a member of staff: their own choice, or else the role."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin import words
from web_admin.accounts import User
from web_admin.staff_models import StaffProfile

PREFIX = "staff-"


def shown_names(session: Session, actor_ids: Iterable[str | None]) -> Mapping[str, str]:
    """Return the name of each actor that is a member of staff, in two queries; others are left out.

    An e-mail address is never among them.
    """
    numbers = {
        int(actor.removeprefix(PREFIX))
        for actor in actor_ids
        if actor and actor.startswith(PREFIX) and actor.removeprefix(PREFIX).isdecimal()
    }
    if not numbers:
        return {}
    rows = session.execute(
        select(User, StaffProfile.shown_name)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(User.id.in_(numbers), User.person_id.is_(None))
    )
    return {f"{PREFIX}{account.id}": name or _by_role(account) for account, name in rows}


def _by_role(account: User) -> str:
    role = account.roles[0].name if account.roles else ""
    return str(words.ROLES[role]) if role in words.ROLES else _("Staff")
