"""Mail managers about alarms that need a repair: one mail for all that began and ended in a minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.accounts.models import Role, StaffProfile, User
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.texts import word
from web_admin.events.texts import EVENTS
from web_admin.messages.outbox import put_message
from web_admin.operations.health import Finding

MAIL_KIND = "operations"
READS_MAIL = "manager"
"""The role whose accounts get a mail; guards see the page."""


@dataclass(frozen=True, slots=True)
class AlarmText:
    """The text of a mail about one alarm: its kind, its gate, and what Health found, where it did."""

    kind: str
    gate_name: str
    finding: Finding | None = None


def mail_managers(
    session: Session,
    config: WebConfig,
    site: Site,
    began: Sequence[AlarmText],
    ended: Sequence[AlarmText],
    now: datetime,
) -> None:
    """Put down one mail to each manager, in their language; no personal data is in it."""
    if not began and not ended:
        return
    for address, language in _readers(session, site):
        with force_locale(language):
            parts = [_begun(one) for one in began]
            parts += [_("Resolved: %(what)s.", what=_title(one)) for one in ended]
            parts.append(f"{config.public_url}/manage/health")
            subject = (
                _("%(site)s: the gates need a look", site=site.name)
                if began
                else _("%(site)s: what needed a look is over", site=site.name)
            )
        put_message(
            session,
            site.site_id,
            channel="mail",
            target=address,
            kind=MAIL_KIND,
            body={"subject": subject, "text": "\n\n".join(parts)},
            now=now,
        )


def _title(one: AlarmText) -> str:
    title = str(word(EVENTS, one.kind))
    return f"{title}: {one.gate_name}" if one.gate_name else title


def _begun(one: AlarmText) -> str:
    finding = one.finding
    if finding is None:
        return _title(one)
    lines = [_title(one), f"{finding.name}: {finding.says}"]
    todo = [str(finding.todo)] if finding.todo is not None else []
    return "\n".join([*lines, *todo, *([f"    {finding.command}"] if finding.command else [])])


def _readers(session: Session, site: Site) -> list[tuple[str, str]]:
    accounts = session.execute(
        select(User.email, StaffProfile.language)
        .join(User.roles)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(User.active.is_(True), User.email.is_not(None), Role.name == READS_MAIL)
        .order_by(User.id)
    )
    return [(str(email), language or site.language) for email, language in accounts]
