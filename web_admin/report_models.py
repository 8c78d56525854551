"""Tables of what is told about the whole: reports to the public, and disclosures to authorities."""

from datetime import date, datetime

from sqlalchemy import Connection, ForeignKey, Text, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from web_admin.core.orm import Base


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
    """Somebody tried to change or delete an issue that went out."""


def _refuse(_mapper: Mapper[PublicReport], _connection: Connection, report: PublicReport) -> None:
    raise ReportUnchangeable(f"issue {report.number} went out: correct it in the next one")


event.listen(PublicReport, "before_update", _refuse)
event.listen(PublicReport, "before_delete", _refuse)
