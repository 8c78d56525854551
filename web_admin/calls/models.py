"""Tables of calls to homes. None has room for sound, a picture, or the number of the visitor."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.calls.rules import FIRST_REACH, guard_of_plan, has_begun, rang_a_home, read, second_of
from web_admin.core.orm import Base

UNHEARD = "unheard"
"""The end that is shown where the gate lost the server in a call by which it may have opened."""


class HomeCall(Base):
    """One call of a lane to a home. Stage: ringing, answered, over; `end` is one of the contract's.

    Over without an end: the gate never said how, and may have opened.
    The gate reports on it, people of the home answer it; who is first with the row has it. Deleted with the
    passages of the same days.
    """

    __tablename__ = "home_call"
    __table_args__ = (
        Index("ix_home_call_home", "home_id", "stage"),
        Index("ix_home_call_gate", "gate_id", "stage"),
        Index("ix_home_call_started_at", "started_at"),
    )
    call_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.gate_id"))
    lane_id: Mapped[str]
    home_id: Mapped[str] = mapped_column(ForeignKey("home.home_id", ondelete="CASCADE"))
    purpose: Mapped[str]
    stage: Mapped[str]
    end: Mapped[str | None]
    to_guard: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True once the call went on to the guard: until it is over the guard has it, and the home no more."""
    reply: Mapped[str | None]
    plan: Mapped[list[dict[str, Any]]]
    """The steps of its reach with the second at which each begins (`rules.stored`)."""
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    """Person who answered on a page, or owner of the telephone."""
    leg: Mapped[int | None]
    """Index of the telephone that was answered; None while none is, and of an answer on a page."""
    ends_at: Mapped[datetime]
    """When it is over without another word."""
    ended_at: Mapped[datetime | None]
    has_telephone: Mapped[bool]
    sealing_public_key: Mapped[bytes]
    order_id: Mapped[str | None]
    order_person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    """Person who ordered the gate to open: once in a call."""
    order_at: Mapped[datetime | None]
    media_offer: Mapped[dict[str, Any] | None]
    """The gate's side of sound and picture (`MediaSide`), while the call lasts; so is `media_answer`."""
    media_answer: Mapped[dict[str, Any] | None]
    pushed_at: Mapped[datetime | None]
    """When the pages' step began, and phones were notified."""
    seen_at: Mapped[datetime | None]
    """When someone of the home saw that it was missed."""

    @property
    def shown_end(self) -> str:
        """Return how it ended for the home, also where the gate never said so."""
        if guard_of_plan(self.plan) is not None and self.answered_by is None:
            return "no_answer" if rang_a_home(self.plan) else "ended"
        if self.end is None and (self.order_id is not None or self.telephones_rang):
            return UNHEARD
        return self.end or ("ended" if self.is_answered else "no_answer")

    @property
    def telephones_rang(self) -> bool:
        """Return whether the telephones' step begins before a page has answered, or the call is over."""
        until = self.answered_at or self.ended_at or self.ends_at
        return has_begun(read(self.plan), "telephone", second_of(self.started_at, until))

    @property
    def is_answered(self) -> bool:
        """Return whether someone of the home has answered: a telephone that pressed no key has not."""
        return self.answered_by is not None and self.leg is None


class HomeCallWishes(Base):
    """How a home wants to be called; no row: it takes no calls, as one that never switched them on."""

    __tablename__ = "home_call_wishes"
    home_id: Mapped[str] = mapped_column(ForeignKey("home.home_id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), index=True)
    takes_calls: Mapped[bool] = mapped_column(default=False)
    reach: Mapped[list[str]] = mapped_column(default=lambda: list(FIRST_REACH))
    """Steps in order, of page, telephone and guard."""
    quiet_from: Mapped[int | None]
    """With `quiet_until`: minutes of the day at the site between which no call comes."""
    quiet_until: Mapped[int | None]
    dnd_until: Mapped[datetime | None]
    blocked_gates: Mapped[list[str]] = mapped_column(default=list)
    courier: Mapped[str] = mapped_column(default="ask")
    """ask, by_day or guard."""
    courier_by: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), index=True)
    """By whose right couriers are let in by day."""
    directory_label: Mapped[str | None]
    """Label that gates list; None: the home is in no directory."""
    tested_at: Mapped[datetime | None]
    """When the last monthly test call ended."""
    test_result: Mapped[str | None]
    """Result of that call: reached, not_reached, failed, no_way."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


UNCHOSEN = -1


class HomeCallPerson(Base):
    """A person's turn when their home is called, as one chose, and the end of their open page."""

    __tablename__ = "home_call_person"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    home_id: Mapped[str] = mapped_column(ForeignKey("home.home_id", ondelete="CASCADE"), index=True)
    is_called: Mapped[bool]
    position: Mapped[int] = mapped_column(default=0)
    """The place, UNCHOSEN where no one chose: then the rule says whether they are called, and not the row."""
    page_open_until: Mapped[datetime | None]
    """Until when a page of theirs is known to be open."""


class CallNumber(Base):
    """A telephone's number, or a SIP address, of a person; called once it was proved by a call."""

    __tablename__ = "call_number"
    number_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    number_sealed: Mapped[bytes]
    label: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    proved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TelephoneTask(Base):
    """A call that a gate shall make for the server: proof of a number, or the monthly test of it.

    State: waiting, taken, done. Deleted two days after it was asked for.
    """

    __tablename__ = "telephone_task"
    __table_args__ = (Index("ix_telephone_task_site", "site_id", "state"),)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"))
    gate_id: Mapped[str | None] = mapped_column(ForeignKey("gate.gate_id"))
    """The gate that took it."""
    number_id: Mapped[str | None] = mapped_column(
        ForeignKey("call_number.number_id", ondelete="SET NULL"), index=True
    )
    """None once it was removed: that one asked stays, so that proofs a day are counted."""
    person_id: Mapped[str] = mapped_column(ForeignKey("person.person_id"), index=True)
    purpose: Mapped[str]
    code_sealed: Mapped[bytes | None]
    """The digits that the page shows and the telephone has to type; gone once it is done."""
    state: Mapped[str]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    result: Mapped[str | None]


class CallSettings(Base):
    """The numbers that the site's gates may call; without a row, or with empty lists, none."""

    __tablename__ = "call_settings"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    prefixes: Mapped[list[str]] = mapped_column(default=list)
    """A number has to begin with one of these."""
    hosts: Mapped[list[str]] = mapped_column(default=list)
    """A SIP address has to be at one of these."""
