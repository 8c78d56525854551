"""Apply retention: erase names of passages, ended secrets and names, delete old backups.

Chains are over salted digests: what is erased here leaves every journal verifiable. `counts` says what
a run would do and changes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
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

ERASED: dict[str, Any] = {"personal": None, "salt": None}
ERASED_NAME = ""
PRINT_SECRETS_KEPT = timedelta(days=14)
MESSAGES_KEPT_FOR = timedelta(days=14)
"""How long the outbox shows what was sent, or was not; what was sent has lost its text already."""

Chosen = tuple[type[Base], ColumnElement[bool], dict[str, Any] | None]
"""A table, the rows chosen of it, and their new values, or None to delete them."""
Rule = Callable[[Menjin, datetime], Chosen]


def _passages(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.passage_days)
    named = GateEvent.personal.is_not(None) | GateEvent.person_id.is_not(None)
    return GateEvent, (GateEvent.at < before) & named, {**ERASED, "person_id": None}


def _quarantined(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.passage_days)
    kept = QuarantinedEntry.body.is_not(None)
    return QuarantinedEntry, (QuarantinedEntry.received_at < before) & kept, {"body": None}


def _log_entries(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.log_days)
    return AuditEntry, (AuditEntry.at < before) & AuditEntry.personal.is_not(None), dict(ERASED)


def _log_persons(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    return AuditEntry, (AuditEntry.at < before) & AuditEntry.person_id.is_not(None), {"person_id": None}


def _ended_secrets(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    kept = (
        CredentialRow.secret_sealed.is_not(None)
        | CredentialRow.lookup.is_not(None)
        | CredentialRow.public_key.is_not(None)
    )
    over = (CredentialRow.state == "ended") & (CredentialRow.ended_at < now - ENDED_PUBLISHED_FOR)
    erased = {"secret_sealed": None, "lookup": None, "public_key": None, "label": ""}
    return CredentialRow, over & kept, erased


def _names(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.moved_out_days)
    return (
        Person,
        (Person.ended_at < before) & (Person.display_name != ERASED_NAME),
        {"display_name": ERASED_NAME},
    )


def _passes(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.passage_days)
    over = (VisitorPassRow.valid_until < before) & (VisitorPassRow.label != "")
    return VisitorPassRow, over, {"label": "", "text": ""}


def _series(menjin: Menjin, now: datetime) -> Chosen:
    before = (now - timedelta(days=menjin.config.passage_days)).date()
    over = (VisitorSeriesRow.last_day < before) & (VisitorSeriesRow.label != "")
    return VisitorSeriesRow, over, {"label": ""}


def _uses(menjin: Menjin, now: datetime) -> Chosen:
    return VisitorUse, VisitorUse.at < now - timedelta(days=menjin.config.passage_days), None


def _agreements(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    return ChildAgreement, ChildAgreement.withdrawn_at < before, None


def _releases(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    ended = select(Consent.consent_id).where(Consent.withdrawn_at < before)
    return WrittenRelease, WrittenRelease.consent_id.in_(ended), None


def _signatures_without_consent(menjin: Menjin, now: datetime) -> Chosen:
    """Forget a guardian's signature once the other one has not come in time."""
    del menjin
    over = GuardianRequest.asked_at < now - REQUEST_LASTS
    return GuardianRequest, over & GuardianRequest.signed_name.is_not(None), {"signed_name": None}


def _invitations(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    unused = Invitation.used_at.is_(None)
    # Used ones stay: a second invitation is checked against the first.
    return Invitation, unused & (Invitation.expires_at < now - timedelta(days=1)), None


def _pairings(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    return PairAttempt, PairAttempt.expires_at < now - timedelta(days=1), None


def _desk_visits(menjin: Menjin, now: datetime) -> Chosen:
    return DeskVisitRow, DeskVisitRow.opened_at < now - timedelta(days=menjin.config.log_days), None


def _print_runs(menjin: Menjin, now: datetime) -> Chosen:
    over = PrintRun.created_at < now - timedelta(days=menjin.config.log_days)
    return PrintRun, over, None


def _print_secrets(menjin: Menjin, now: datetime) -> Chosen:
    """Delete what was never printed: an invitation has expired by then, a PIN slip is made again."""
    del menjin
    waiting = select(PrintRun.run_id).where(PrintRun.created_at < now - PRINT_SECRETS_KEPT)
    kept = PrintSlip.secret_sealed.is_not(None)
    return PrintSlip, PrintSlip.run_id.in_(waiting) & kept, {"secret_sealed": None}


def _calls(menjin: Menjin, now: datetime) -> Chosen:
    return HomeCall, HomeCall.started_at < now - timedelta(days=menjin.config.passage_days), None


def _call_sides(menjin: Menjin, now: datetime) -> Chosen:
    """Forget what is left of calls that are over: both sides of their sound, and which telephone rang."""
    del menjin, now
    forgotten = {"media_offer": None, "media_answer": None, "leg": None}
    kept = HomeCall.media_offer.is_not(None) | HomeCall.leg.is_not(None)
    return HomeCall, (HomeCall.stage == "over") & kept, forgotten


def _telephone_tasks(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    return TelephoneTask, TelephoneTask.created_at < now - TASKS_KEPT_FOR, None


def _alarms(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.log_days)
    return Alarm, (Alarm.raised_at < before) & Alarm.acknowledged_at.is_not(None), None


def _handovers(menjin: Menjin, now: datetime) -> Chosen:
    return HandoverRow, HandoverRow.at < now - timedelta(days=menjin.config.log_days), None


def _messages(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    return OutboxMessage, OutboxMessage.ended_at < now - MESSAGES_KEPT_FOR, None


def _request_texts(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.log_days)
    said = (RightsRequest.text != "") | RightsRequest.wanted.is_not(None)
    said |= RightsRequest.value_after.is_not(None)
    erased = {"text": "", "wanted": None, "value_before": None, "value_after": None}
    return RightsRequest, (RightsRequest.closed_at < before) & said, erased


def _requests(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    return RightsRequest, RightsRequest.closed_at < before, None


def _suspensions(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    return Suspension, Suspension.ended_at < before, None


def _card_months(menjin: Menjin, now: datetime) -> Chosen:
    del menjin, now
    ended = select(CredentialRow.credential_id).where(CredentialRow.state == "ended")
    return CardMonth, CardMonth.credential_id.in_(ended), None


def _review_rows(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    old = select(ReviewRound.round_id).where(ReviewRound.closed_at < before)
    return ReviewRow, ReviewRow.round_id.in_(old), None


def _review_records(menjin: Menjin, now: datetime) -> Chosen:
    """Delete whole rounds, after their rows: the record names people by their ids."""
    before = now - timedelta(days=menjin.config.evidence_days)
    return ReviewRound, ReviewRound.closed_at < before, None


def _lock_outs(menjin: Menjin, now: datetime) -> Chosen:
    return LockOut, LockOut.at < now - timedelta(days=menjin.config.evidence_days), None


def _closed_long_ago(menjin: Menjin, now: datetime) -> Select[int]:
    before = now - timedelta(days=menjin.config.log_days)
    return select(StaffProfile.account_id).where(StaffProfile.closed_at < before)


def _closed_accounts(menjin: Menjin, now: datetime) -> Chosen:
    closed = User.id.in_(_closed_long_ago(menjin, now)) & User.active.is_(False)
    return User, closed & User.email.is_not(None), {"email": None}


def _closed_names(menjin: Menjin, now: datetime) -> Chosen:
    closed = StaffProfile.account_id.in_(_closed_long_ago(menjin, now))
    return StaffProfile, closed & (StaffProfile.shown_name != ERASED_NAME), {"shown_name": ERASED_NAME}


def _closed_sign_ins(menjin: Menjin, now: datetime) -> Chosen:
    """Erase the sign-in of closed accounts once that can be undone no more."""
    del menjin
    closed = select(StaffProfile.account_id).where(StaffProfile.closed_at < now - ENDS_UNDONE_FOR)
    kept = User.password.is_not(None) | User.tf_totp_secret.is_not(None)
    erased = {
        "password": None,
        "tf_primary_method": None,
        "tf_totp_secret": None,
        "last_totp_counter": None,
    }
    return User, User.id.in_(closed) & User.active.is_(False) & kept, erased


def _removed_webhooks(menjin: Menjin, now: datetime) -> Chosen:
    """Erase the keys of removed webhooks once that can be undone no more."""
    del menjin
    removed = (Webhook.ended_at < now - ENDS_UNDONE_FOR) & (Webhook.signing_key_sealed != b"")
    return Webhook, removed, {"signing_key_sealed": b"", "old_signing_key_sealed": None}


def _phones_of_closed_accounts(menjin: Menjin, now: datetime) -> Chosen:
    """Forget phones of closed accounts, which get no alarms any more, once that can be undone no more."""
    del menjin
    closed = select(StaffProfile.account_id).where(StaffProfile.closed_at < now - ENDS_UNDONE_FOR)
    inactive = select(User.id).where(User.id.in_(closed), User.active.is_(False))
    return PushPhone, PushPhone.account_id.in_(inactive), None


def _staff_invitations(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    return StaffInvitation, StaffInvitation.expires_at < now - timedelta(days=30), None


def _jobs(menjin: Menjin, now: datetime) -> Chosen:
    del menjin
    return LongJob, LongJob.ended_at < now - JOBS_KEPT_FOR, None


def _disclosures(menjin: Menjin, now: datetime) -> Chosen:
    before = now - timedelta(days=menjin.config.evidence_days)
    return Disclosure, Disclosure.recorded_at < before, None


RULES: Mapping[str, Rule] = {
    "passages_unnamed": _passages,
    "set_aside_entries_emptied": _quarantined,
    "ledger_entries_unnamed": _log_entries,
    "ledger_persons_erased": _log_persons,
    "ended_secrets_erased": _ended_secrets,
    "names_erased": _names,
    "visitor_labels_erased": _passes,
    "weekly_visitor_labels_erased": _series,
    "visitor_uses_deleted": _uses,
    "child_agreements_deleted": _agreements,
    "written_releases_deleted": _releases,
    "unused_signatures_erased": _signatures_without_consent,
    "invitations_deleted": _invitations,
    "pairings_deleted": _pairings,
    "calls_deleted": _calls,
    "call_sides_forgotten": _call_sides,
    "telephone_tasks_deleted": _telephone_tasks,
    "alarms_deleted": _alarms,
    "jobs_deleted": _jobs,
    "handovers_deleted": _handovers,
    "messages_deleted": _messages,
    "request_texts_erased": _request_texts,
    "requests_deleted": _requests,
    "suspensions_deleted": _suspensions,
    "card_months_deleted": _card_months,
    "access_review_rows_deleted": _review_rows,
    "access_review_records_deleted": _review_records,
    "lock_outs_deleted": _lock_outs,
    "closed_accounts_erased": _closed_accounts,
    "closed_names_erased": _closed_names,
    "closed_sign_ins_erased": _closed_sign_ins,
    "removed_webhook_keys_erased": _removed_webhooks,
    "closed_phones_deleted": _phones_of_closed_accounts,
    "staff_invitations_deleted": _staff_invitations,
    "desk_visits_deleted": _desk_visits,
    "disclosures_deleted": _disclosures,
    "print_secrets_erased": _print_secrets,
    "print_runs_deleted": _print_runs,
}


def counts(menjin: Menjin, now: datetime) -> dict[str, int]:
    """Return how many rows or files each rule would change now; nothing is changed."""
    found = {}
    with menjin.database.snapshot() as session:
        for name, rule in RULES.items():
            table, rows, _values = rule(menjin, now)
            found[name] = session.scalar(select(func.count()).select_from(table).where(rows)) or 0
    return {**found, "backups_deleted": len(old_backups(menjin, now))}


def _step(name: str) -> Callable[[Menjin, datetime], int]:
    def step(menjin: Menjin, now: datetime) -> int:
        table, rows, values = RULES[name](menjin, now)
        with menjin.database.session() as session:
            work = delete(table).where(rows) if values is None else update(table).where(rows).values(values)
            return int(session.connection().execute(work).rowcount)

    return step


STEPS: Mapping[str, Callable[[Menjin, datetime], int]] = {
    **{name: _step(name) for name in RULES},
    "backups_deleted": delete_old_backups,
}
