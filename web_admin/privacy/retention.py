"""Apply retention: erase names of passages, ended secrets and names, delete old backups.

Chains are over salted digests: what is erased here leaves every journal verifiable. `counts` says what
a run would do and changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from web_admin.access_review.models import CardMonth, ReviewRound, ReviewRow
from web_admin.accounts.models import StaffInvitation, StaffProfile, User
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.calls.models import HomeCall, TelephoneTask
from web_admin.calls.telephone_tasks import TASKS_KEPT_FOR
from web_admin.compound.models import CredentialRow, Invitation, Person
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR
from web_admin.compound.suspension_models import LockOut, Suspension
from web_admin.core.backup_files import delete_old_backups, old_backups
from web_admin.core.database import Menjin
from web_admin.core.job_models import JOBS_KEPT_FOR, LongJob
from web_admin.core.orm import Base
from web_admin.credentials.models import ChildAgreement
from web_admin.custody.models import Consent
from web_admin.desk.models import DeskVisitRow
from web_admin.face.guardian_requests import REQUEST_LASTS
from web_admin.face.models import GuardianRequest, WrittenRelease
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import AuditEntry, GateEvent, QuarantinedEntry
from web_admin.later.past import ENDS_UNDONE_FOR
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.push_models import PushPhone
from web_admin.people.print_models import PrintRun, PrintSlip
from web_admin.privacy.models import Disclosure, RightsRequest
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorUse

ERASED: Mapping[str, object] = {"personal": None, "salt": None}
ERASED_NAME = ""
MESSAGES_KEPT_FOR = timedelta(days=14)
"""How long the outbox shows what was sent, or was not; what was sent has lost its text already."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table whose time was over before an instant, and their new values; without these they go."""

    table: type[Base]
    over: Callable[[datetime], ColumnElement[bool]]
    kept_for: timedelta | str = timedelta()
    """A time, or the name of the setting that has its days."""
    erased: Mapping[str, Any] | None = None

    def rows(self, menjin: Menjin, now: datetime) -> ColumnElement[bool]:
        """Return the condition of the rows whose time is over now."""
        kept = self.kept_for
        return self.over(
            now - (kept if isinstance(kept, timedelta) else timedelta(days=getattr(menjin.config, kept)))
        )


def _closed(before: datetime) -> Select[int]:
    return select(StaffProfile.account_id).where(StaffProfile.closed_at < before)


def _inactive(before: datetime) -> ColumnElement[bool]:
    return User.id.in_(_closed(before)) & User.active.is_(False)


RULES: Mapping[str, Rule] = {
    "passages_unnamed": Rule(
        GateEvent,
        lambda before: (
            (GateEvent.at < before) & (GateEvent.personal.is_not(None) | GateEvent.person_id.is_not(None))
        ),
        "passage_days",
        {**ERASED, "person_id": None},
    ),
    "set_aside_entries_emptied": Rule(
        QuarantinedEntry,
        lambda before: (QuarantinedEntry.received_at < before) & QuarantinedEntry.body.is_not(None),
        "passage_days",
        {"body": None},
    ),
    "ledger_entries_unnamed": Rule(
        AuditEntry,
        lambda before: (AuditEntry.at < before) & AuditEntry.personal.is_not(None),
        "log_days",
        ERASED,
    ),
    "ledger_persons_erased": Rule(
        AuditEntry,
        lambda before: (AuditEntry.at < before) & AuditEntry.person_id.is_not(None),
        "evidence_days",
        {"person_id": None},
    ),
    "ended_secrets_erased": Rule(
        CredentialRow,
        lambda before: (
            (CredentialRow.state == "ended")
            & (CredentialRow.ended_at < before)
            & (
                CredentialRow.secret_sealed.is_not(None)
                | CredentialRow.lookup.is_not(None)
                | CredentialRow.public_key.is_not(None)
            )
        ),
        ENDED_PUBLISHED_FOR,
        {"secret_sealed": None, "lookup": None, "public_key": None, "label": ""},
    ),
    "names_erased": Rule(
        Person,
        lambda before: (Person.ended_at < before) & (Person.display_name != ERASED_NAME),
        "moved_out_days",
        {"display_name": ERASED_NAME},
    ),
    "visitor_labels_erased": Rule(
        VisitorPassRow,
        lambda before: (VisitorPassRow.valid_until < before) & (VisitorPassRow.label != ""),
        "passage_days",
        {"label": "", "text": ""},
    ),
    "weekly_visitor_labels_erased": Rule(
        VisitorSeriesRow,
        lambda before: (VisitorSeriesRow.last_day < before.date()) & (VisitorSeriesRow.label != ""),
        "passage_days",
        {"label": ""},
    ),
    "visitor_uses_deleted": Rule(VisitorUse, lambda before: VisitorUse.at < before, "passage_days"),
    "child_agreements_deleted": Rule(
        ChildAgreement, lambda before: ChildAgreement.withdrawn_at < before, "evidence_days"
    ),
    "written_releases_deleted": Rule(
        WrittenRelease,
        lambda before: WrittenRelease.consent_id.in_(
            select(Consent.consent_id).where(Consent.withdrawn_at < before)
        ),
        "evidence_days",
    ),
    # A guardian's signature, once the other one has not come in time.
    "unused_signatures_erased": Rule(
        GuardianRequest,
        lambda before: (GuardianRequest.asked_at < before) & GuardianRequest.signed_name.is_not(None),
        REQUEST_LASTS,
        {"signed_name": None},
    ),
    # Used ones stay: a second invitation is checked against the first.
    "invitations_deleted": Rule(
        Invitation,
        lambda before: Invitation.used_at.is_(None) & (Invitation.expires_at < before),
        timedelta(days=1),
    ),
    "pairings_deleted": Rule(PairAttempt, lambda before: PairAttempt.expires_at < before, timedelta(days=1)),
    "calls_deleted": Rule(HomeCall, lambda before: HomeCall.started_at < before, "passage_days"),
    # What is left of calls that are over: both sides of their sound, and which telephone rang.
    "call_sides_forgotten": Rule(
        HomeCall,
        lambda _before: (
            (HomeCall.stage == "over") & (HomeCall.media_offer.is_not(None) | HomeCall.leg.is_not(None))
        ),
        erased={"media_offer": None, "media_answer": None, "leg": None},
    ),
    "telephone_tasks_deleted": Rule(
        TelephoneTask, lambda before: TelephoneTask.created_at < before, TASKS_KEPT_FOR
    ),
    "alarms_deleted": Rule(
        Alarm, lambda before: (Alarm.raised_at < before) & Alarm.acknowledged_at.is_not(None), "log_days"
    ),
    "jobs_deleted": Rule(LongJob, lambda before: LongJob.ended_at < before, JOBS_KEPT_FOR),
    "handovers_deleted": Rule(HandoverRow, lambda before: HandoverRow.at < before, "log_days"),
    "messages_deleted": Rule(
        OutboxMessage, lambda before: OutboxMessage.ended_at < before, MESSAGES_KEPT_FOR
    ),
    "request_texts_erased": Rule(
        RightsRequest,
        lambda before: (
            (RightsRequest.closed_at < before)
            & (
                (RightsRequest.text != "")
                | RightsRequest.wanted.is_not(None)
                | RightsRequest.value_after.is_not(None)
            )
        ),
        "log_days",
        {"text": "", "wanted": None, "value_before": None, "value_after": None},
    ),
    "requests_deleted": Rule(RightsRequest, lambda before: RightsRequest.closed_at < before, "evidence_days"),
    "suspensions_deleted": Rule(Suspension, lambda before: Suspension.ended_at < before, "evidence_days"),
    "card_months_deleted": Rule(
        CardMonth,
        lambda _before: CardMonth.credential_id.in_(
            select(CredentialRow.credential_id).where(CredentialRow.state == "ended")
        ),
    ),
    "access_review_rows_deleted": Rule(
        ReviewRow,
        lambda before: ReviewRow.round_id.in_(
            select(ReviewRound.round_id).where(ReviewRound.closed_at < before)
        ),
        "evidence_days",
    ),
    # Whole rounds go after their rows: the record names people by their ids.
    "access_review_records_deleted": Rule(
        ReviewRound, lambda before: ReviewRound.closed_at < before, "evidence_days"
    ),
    "lock_outs_deleted": Rule(LockOut, lambda before: LockOut.at < before, "evidence_days"),
    "closed_accounts_erased": Rule(
        User, lambda before: _inactive(before) & User.email.is_not(None), "log_days", {"email": None}
    ),
    "closed_names_erased": Rule(
        StaffProfile,
        lambda before: (
            StaffProfile.account_id.in_(_closed(before)) & (StaffProfile.shown_name != ERASED_NAME)
        ),
        "log_days",
        {"shown_name": ERASED_NAME},
    ),
    "closed_sign_ins_erased": Rule(
        User,
        lambda before: _inactive(before) & (User.password.is_not(None) | User.tf_totp_secret.is_not(None)),
        ENDS_UNDONE_FOR,
        {
            "password": None,
            "tf_primary_method": None,
            "tf_totp_secret": None,
            "last_totp_counter": None,
        },
    ),
    "removed_webhook_keys_erased": Rule(
        Webhook,
        lambda before: (Webhook.ended_at < before) & (Webhook.signing_key_sealed != b""),
        ENDS_UNDONE_FOR,
        {"signing_key_sealed": b"", "old_signing_key_sealed": None},
    ),
    # Phones of closed accounts get no alarms any more.
    "closed_phones_deleted": Rule(
        PushPhone,
        lambda before: PushPhone.account_id.in_(select(User.id).where(_inactive(before))),
        ENDS_UNDONE_FOR,
    ),
    "staff_invitations_deleted": Rule(
        StaffInvitation, lambda before: StaffInvitation.expires_at < before, timedelta(days=30)
    ),
    "desk_visits_deleted": Rule(DeskVisitRow, lambda before: DeskVisitRow.opened_at < before, "log_days"),
    "disclosures_deleted": Rule(Disclosure, lambda before: Disclosure.recorded_at < before, "evidence_days"),
    # What was never printed: an invitation has expired by then, a PIN slip is made again.
    "print_secrets_erased": Rule(
        PrintSlip,
        lambda before: (
            PrintSlip.run_id.in_(select(PrintRun.run_id).where(PrintRun.created_at < before))
            & PrintSlip.secret_sealed.is_not(None)
        ),
        timedelta(days=14),
        {"secret_sealed": None},
    ),
    "print_runs_deleted": Rule(PrintRun, lambda before: PrintRun.created_at < before, "log_days"),
}
"""In this order. What an end keeps for being undone (`ENDS_UNDONE_FOR`) goes once it cannot be any more."""


def counts(menjin: Menjin, now: datetime) -> dict[str, int]:
    """Return how many rows or files each rule would change now; nothing is changed."""
    with menjin.database.snapshot() as session:
        found = {
            name: session.scalar(select(func.count()).select_from(rule.table).where(rule.rows(menjin, now)))
            or 0
            for name, rule in RULES.items()
        }
    return {**found, "backups_deleted": len(old_backups(menjin, now))}


def _apply(rule: Rule, menjin: Menjin, now: datetime) -> int:
    rows = rule.rows(menjin, now)
    work = (
        delete(rule.table).where(rows)
        if rule.erased is None
        else update(rule.table).where(rows).values(rule.erased)
    )
    with menjin.database.session() as session:
        return int(session.connection().execute(work).rowcount)


STEPS: Mapping[str, Callable[[Menjin, datetime], int]] = {
    **{name: partial(_apply, rule) for name, rule in RULES.items()},
    "backups_deleted": delete_old_backups,
}
