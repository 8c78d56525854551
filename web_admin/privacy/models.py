"""Tables of privacy: incidents, reports, requests, disclosures."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, Text, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from web_admin.core.orm import Base


class Incident(Base):
    """One incident with personal data; every text may be empty while it is looked into.

    `large`: one that has to be reported to the authority within hours. `told_people_at` stays None where
    `untold_reason` says why people were not notified.
    """

    __tablename__ = "incident"
    incident_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    known_at: Mapped[datetime]
    large: Mapped[bool]
    data_kinds: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    harm: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    advice: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    reported_at: Mapped[datetime | None]
    told_people_at: Mapped[datetime | None]
    untold_reason: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None]


class ComplianceAudit(Base):
    """One compliance audit: what was looked at and by whom, what was found, and what is done about it.

    `figures` are those of the records at the moment it began. One is open at a time.
    """

    __tablename__ = "compliance_audit"
    audit_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    period_from: Mapped[date]
    period_until: Mapped[date]
    auditor: Mapped[str]
    """A body or an office, no person's name."""
    is_independent: Mapped[bool]
    scope: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True))
    findings: Mapped[str] = mapped_column(Text)
    fixes: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    began_by: Mapped[str]
    closed_at: Mapped[datetime | None]


class PublicReport(Base):
    """One issue of the report: the signed text as it went out, never changed and never deleted."""

    __tablename__ = "public_report"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    period_from: Mapped[date]
    period_until: Mapped[date]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes]
    certificate: Mapped[bytes]
    certificate_signature: Mapped[bytes]


class Disclosure(Base):
    """A request of the police or a court, what the office decided and what it handed over.

    `outcome`: given, refused. `person_id` is whose passages may be taken with it, None for none.
    """

    __tablename__ = "disclosure"
    disclosure_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    authority: Mapped[str]
    document: Mapped[str]
    scope: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    scope_from: Mapped[date | None]
    scope_until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class ReportUnchangeable(Exception):
    """An attempt to change or delete a published issue."""


def _refuse(_mapper: Mapper[PublicReport], _connection: Connection, report: PublicReport) -> None:
    raise ReportUnchangeable(f"issue {report.number} went out: correct it in the next one")


event.listen(PublicReport, "before_update", _refuse)
event.listen(PublicReport, "before_delete", _refuse)


class PrivacyContact(Base):
    """Name of those who answer for personal data at a site, and where to complain about them; published."""

    __tablename__ = "privacy_contact"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    responsible_name: Mapped[str]
    responsible_contact: Mapped[str]
    channels: Mapped[dict[str, str]]
    """By language: the authorities to complain to, and how to reach them."""
    changed_at: Mapped[datetime]


class RightsRequest(Base):
    """One thing that a person asked of the office, with its due dates and what came of it.

    `kind`: access, correction, deletion, restriction, complaint, objection. `outcome`: answered, refused,
    withdrawn; None while open. `subject`, `wanted`, `value_before` and `value_after` are of corrections.
    `further` is the place to complain that a refusal named. `late`: "" or the newest due date that
    passed and was reported to the office, acknowledge or answer.
    """

    __tablename__ = "rights_request"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str] = mapped_column(Text)
    wanted: Mapped[str | None]
    channel: Mapped[str]
    filed_at: Mapped[datetime] = mapped_column(index=True)
    acknowledge_by: Mapped[datetime]
    answer_by: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
    answer: Mapped[str] = mapped_column(Text)
    further: Mapped[str] = mapped_column(Text)
    value_before: Mapped[str | None]
    value_after: Mapped[str | None]
    late: Mapped[str]
