"""Actions on compliance audits: begun with figures from the records, written, closed with findings and fixes.

A yearly audit is what the law asks where minors' data is handled; elsewhere it leaves the interval to the
operator, and a year is ours. No auditor comes more than three times in a row (audit measures of 2025).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, checked_text, new_id, record
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.audit_figures import audit_figures, handles_minors
from web_admin.privacy.models import ComplianceAudit
from web_admin.privacy.report_figures import Span

AUDIT_EVERY = timedelta(days=365)
TASK_BEFORE = timedelta(days=60)
AUDITS_IN_A_ROW = 3
MAX_WORDS_CHARS = 8000


@dataclass(frozen=True, slots=True)
class AuditDue:
    """By when the next audit has to be closed, and whether it is time to begin."""

    at: datetime
    is_task: bool
    is_late: bool
    minors: bool


def audit_due(session: Session, site: Site, now: datetime) -> AuditDue:
    """Return when the next audit is due: a year after the last one closed, or after the site began."""
    last = session.scalar(
        select(ComplianceAudit.closed_at)
        .where(ComplianceAudit.site_id == site.site_id, ComplianceAudit.closed_at.is_not(None))
        .order_by(ComplianceAudit.closed_at.desc())
        .limit(1)
    )
    at = (last or site.created_at) + AUDIT_EVERY
    return AuditDue(at, now >= at - TASK_BEFORE, now > at, handles_minors(session, site.site_id))


def open_audit(session: Session, site_id: str) -> ComplianceAudit | None:
    """Return the audit that was begun and not closed."""
    return session.scalar(
        select(ComplianceAudit).where(ComplianceAudit.site_id == site_id, ComplianceAudit.closed_at.is_(None))
    )


def begin_audit(
    act: Action, config: WebConfig, *, auditor: str, is_independent: bool, scope: str
) -> ComplianceAudit:
    """Begin an audit of the time since the last one, with the figures of the records as they are now.

    Raises ActionRefused while another one is open, and for an auditor who did the last three.
    """
    site = begin(act)
    name = checked_text("auditor", auditor)
    if open_audit(act.session, act.site_id) is not None:
        raise ActionRefused(None, _("An audit is open. Close it first."))
    before = _closed(act.session, act.site_id)
    newest = before[:AUDITS_IN_A_ROW]
    if len(newest) == AUDITS_IN_A_ROW and all(one.auditor.casefold() == name.casefold() for one in newest):
        raise ActionRefused("auditor", _("They did the last three audits; the law asks for another one now."))
    first, last = _period(site, before, act.now)
    audit = ComplianceAudit(
        audit_id=new_id(),
        site_id=act.site_id,
        period_from=first,
        period_until=last,
        auditor=name,
        is_independent=is_independent,
        scope=_words("scope", scope, needed=True),
        figures=audit_figures(act.session, site, _span(site, first, last), config),
        findings="",
        fixes="",
        began_at=act.now,
        began_by=act.actor_id,
    )
    act.session.add(audit)
    record(act, "audit_begun", {"audit_id": audit.audit_id})
    return audit


def save_audit(act: Action, audit_id: str, findings: str, fixes: str) -> None:
    """Store what was found so far, and what was done about it."""
    audit = _open_one(act, audit_id)
    audit.findings, audit.fixes = _words("findings", findings), _words("fixes", fixes)
    record(act, "audit_written", {"audit_id": audit_id})


def close_audit(act: Action, audit_id: str) -> None:
    """Close an audit; refused while findings or fixes are missing."""
    audit = _open_one(act, audit_id)
    if not audit.findings:
        raise ActionRefused("findings", _("Say what was found, also when nothing was."))
    if not audit.fixes:
        raise ActionRefused("fixes", _("Say what was done or will be done, also when nothing has to be."))
    audit.closed_at = act.now
    record(act, "audit_closed", {"audit_id": audit_id})


def _open_one(act: Action, audit_id: str) -> ComplianceAudit:
    begin(act)
    audit = act.session.get(ComplianceAudit, audit_id, with_for_update=True)
    if audit is None or audit.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such audit."))
    if audit.closed_at is not None:
        raise ActionRefused(None, _("This audit is closed."))
    return audit


def _closed(session: Session, site_id: str) -> list[ComplianceAudit]:
    """Return the audits that were closed, newest first."""
    return list(
        session.scalars(
            select(ComplianceAudit)
            .where(ComplianceAudit.site_id == site_id, ComplianceAudit.closed_at.is_not(None))
            .order_by(ComplianceAudit.closed_at.desc())
        )
    )


def _period(site: Site, before: list[ComplianceAudit], now: datetime) -> tuple[date, date]:
    zone = ZoneInfo(site.timezone)
    today = now.astimezone(zone).date()
    first = before[0].period_until + timedelta(days=1) if before else site.created_at.astimezone(zone).date()
    return min(first, today), today


def _span(site: Site, first: date, last: date) -> Span:
    zone = ZoneInfo(site.timezone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    return Span(first, last, datetime.combine(first, time(), zone), end)


def _words(field: str, text: str, *, needed: bool = False) -> str:
    said = text.replace("\r\n", "\n").strip()
    if needed and not said:
        raise ActionRefused(field, _("Fill this in."))
    if len(said) > MAX_WORDS_CHARS:
        raise ActionRefused(field, _("Please use at most %(count)s characters.", count=MAX_WORDS_CHARS))
    return said
