"""Publish the public report: built for a closed half-year, signed, linked to the previous issue, permanent.

The site's anchor key signs the whole text under a domain of its own; with the root's public key anyone can
check a file without this server. Each issue names the digest of the one before, so that an issue that was
taken away shows.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.signing import SignatureRefused, SignedCertificate, certified_key, sign, verify
from web_admin.action.base import Action, begin, checked_text, record
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig
from web_admin.core.refusal import ActionRefused
from web_admin.privacy.contact import contact_of
from web_admin.privacy.models import PublicReport
from web_admin.privacy.queries import public_reports
from web_admin.privacy.report_figures import Span, all_figures

FORMAT = "menjin-report-1"
DOMAIN = "menjin/report/1"
MAX_WORDS_CHARS = 4000
MONTHS_A_PERIOD = 6


class ReportFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An issue as a file: `report` is the JSON text that was signed."""

    format: str
    report: str
    signature: bytes
    certificate: SignedCertificate


@dataclass(frozen=True, slots=True)
class Words:
    """Texts that people add to the figures; the residents' voice is printed as it was written."""

    approved_by: str
    voice: str
    plan: str


def closed_periods(site: Site, now: datetime) -> list[tuple[date, date]]:
    """Return the half-years (first day, last day) that are over and that the site has seen, newest first."""
    zone = ZoneInfo(site.timezone)
    opened = site.created_at.astimezone(zone).date()
    today = now.astimezone(zone).date()
    first = date(today.year, 1 if today.month <= MONTHS_A_PERIOD else 7, 1)
    periods = []
    while first > opened:
        last = first - timedelta(days=1)
        first = date(last.year, 1 if last.month <= MONTHS_A_PERIOD else 7, 1)
        periods.append((first, last))
    return periods


def open_periods(session: Session, site: Site, now: datetime) -> list[tuple[date, date]]:
    """Return the half-years that are over and have no report yet, newest first."""
    published = {issue.period_from for issue in public_reports(session, site.site_id)}
    return [period for period in closed_periods(site, now) if period[0] not in published]


def build_report(
    session: Session, site: Site, period: tuple[date, date], words: Words, config: WebConfig, now: datetime
) -> dict[str, object]:
    """Return the report of a period as it would go out now."""
    first, last = period
    before = newest_report(session, site.site_id)
    contact = contact_of(session, site.site_id)
    return {
        "format": FORMAT,
        "site_id": site.site_id,
        "site": site.name,
        "number": 1 + (before.number if before is not None else 0),
        "period_from": first.isoformat(),
        "period_until": last.isoformat(),
        "published_at": now.isoformat(timespec="seconds"),
        "previous_sha256": sha256_of(before) if before is not None else None,
        "responsible": {
            "name": contact.responsible_name if contact is not None else "",
            "contact": contact.responsible_contact if contact is not None else "",
        },
        "approved_by": words.approved_by,
        "voluntary": True,
        **all_figures(session, site, _span(site, first, last), config),
        "voice_of_residents": words.voice,
        "plan": words.plan,
    }


def _span(site: Site, first: date, last: date) -> Span:
    zone = ZoneInfo(site.timezone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    return Span(first, last, datetime.combine(first, time(), zone), end)


def publish_report(act: Action, period: tuple[date, date], words: Words, config: WebConfig) -> PublicReport:
    """Publish the report of a closed period; raise ActionRefused for an open, unknown or published one."""
    site = begin(act)
    checked = Words(
        checked_text("approved_by", words.approved_by),
        _checked("voice", words.voice),
        _checked("plan", words.plan),
    )
    if period not in closed_periods(site, act.now):
        raise ActionRefused("period", _("Choose a half-year that is over."))
    published = select(PublicReport.number).where(
        PublicReport.site_id == act.site_id, PublicReport.period_from == period[0]
    )
    if act.session.scalar(published) is not None:
        raise ActionRefused(
            "period", _("This half-year has its report. An issue that went out is not changed.")
        )
    if contact_of(act.session, act.site_id) is None:
        raise ActionRefused(
            None, _("First name who is responsible for personal data: the report names them.")
        )
    body = build_report(act.session, site, period, checked, config, act.now)
    text = msgspec.json.encode(body, order="sorted")
    key = private_key(act.session, act.sealer, act.site_id, "anchor")
    signed = certificate(act.session, act.site_id, "anchor")
    report = PublicReport(
        site_id=act.site_id,
        number=body["number"],
        period_from=period[0],
        period_until=period[1],
        published_at=act.now,
        published_by=act.actor_id,
        body=text.decode(),
        signature=sign(key, DOMAIN, text),
        certificate=signed.certificate,
        certificate_signature=signed.signature,
    )
    act.session.add(report)
    record(act, "report_published", {"number": report.number, "sha256": hashlib.sha256(text).hexdigest()})
    return report


def _checked(field: str, text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if len(said) > MAX_WORDS_CHARS:
        raise ActionRefused(field, _("Please use at most %(count)s characters.", count=MAX_WORDS_CHARS))
    return said


def newest_report(session: Session, site_id: str) -> PublicReport | None:
    """Return the newest issue, None before the first."""
    query = select(PublicReport).where(PublicReport.site_id == site_id)
    return session.scalars(query.order_by(PublicReport.number.desc()).limit(1)).first()


def sha256_of(report: PublicReport) -> str:
    """Return the digest by which the next issue names this one."""
    return hashlib.sha256(report.body.encode()).hexdigest()


def as_file(report: PublicReport) -> bytes:
    """Return an issue as the file that anyone can check."""
    whole = ReportFile(
        FORMAT,
        report.body,
        report.signature,
        SignedCertificate(report.certificate, report.certificate_signature),
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def check_file(body: bytes, root_public_key: bytes) -> dict[str, object]:
    """Return the content of a report's file; raise SignatureRefused unless the root's site signed it."""
    try:
        whole = msgspec.json.decode(body, type=ReportFile)
        said = msgspec.json.decode(whole.report, type=dict[str, object])
    except msgspec.MsgspecError as err:
        raise SignatureRefused(f"this is no report: {err}") from err
    key = certified_key(root_public_key, whole.certificate, str(said.get("site_id")), "anchor")
    verify(key, DOMAIN, whole.report.encode(), whole.signature)
    return said
