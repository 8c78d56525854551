"""Tables of access reviews: one round, its rows, and the month in which each card was last used."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class ReviewRound(Base):
    """One access review. While `closed_at` is None it runs; then `body` is the record as it was signed."""

    __tablename__ = "access_review_round"
    __table_args__ = (UniqueConstraint("site_id", "number"),)
    round_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    number: Mapped[int]
    began_at: Mapped[datetime]
    began_by: Mapped[str]
    reminded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    body: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[str | None]
    certificate: Mapped[bytes | None]
    certificate_signature: Mapped[bytes | None]


class ReviewRow(Base):
    """One thing that a round confirms: its kind and id, why it is listed, and what was decided.

    `kind` and `why` are words of `rules`. `unused_since` is the first day of a month. `carried` counts the
    rounds before that left it without an answer. `decision`: keep, suspend, gone; None without an answer.
    `decided_by` and `answered_by` are an account of staff or a person. `asked_whom` is an account, a
    `person`, or the `home`. `answer`: needed, not_needed, or `office` where a home leaves it to the office.
    """

    __tablename__ = "access_review_row"
    __table_args__ = (Index("ix_access_review_row_place", "round_id", "place"),)
    row_id: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("access_review_round.round_id"))
    place: Mapped[int]
    kind: Mapped[str]
    subject_id: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    home_id: Mapped[str | None] = mapped_column(ForeignKey("home.home_id"), index=True)
    risk: Mapped[int]
    why: Mapped[str]
    unused_since: Mapped[date | None]
    carried: Mapped[int] = mapped_column(default=0)
    asked_whom: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None]
    answer_by: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    decision: Mapped[str | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]


class CardMonth(Base):
    """The month in which a card last opened a gate, or in which that began to be noted: its first day.

    No finer, and one for each card: passages lose their names long before a card counts as unused.
    """

    __tablename__ = "card_month"
    credential_id: Mapped[str] = mapped_column(ForeignKey("credential.credential_id"), primary_key=True)
    month: Mapped[date]
