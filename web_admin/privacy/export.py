"""Decide what is held about a person, for their right of access: everything, and of no other person."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from gate_controller.contract.written_release import Release
from web_admin.access_review.queries import card_months_of, rows_about
from web_admin.accounts.passkeys import passkeys_of
from web_admin.calls.missed import answered_by
from web_admin.calls.reach import every_number_of, is_called
from web_admin.compound.models import Person, Site
from web_admin.credentials.queries import credentials_of
from web_admin.credentials.two_methods import two_method_choice, two_method_hours
from web_admin.custody.models import Consent, Notice
from web_admin.custody.queries import consents_of, notices_for
from web_admin.desk.visits import ShownVisit, visits_of
from web_admin.face.queries import looks_held, releases_of
from web_admin.messages.push_phones import Owner, browser_of, phones_of
from web_admin.messages.queries import subscription_of
from web_admin.people.agreements import Agreement, agreements_of
from web_admin.people.suspension_queries import every_suspension_of, lock_outs_of
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.own_lookups import lookups_of, refusals_of, shown_lookups
from web_admin.privacy.queries import requests_of
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.queries import every_series_of, passes_of

EXPORTED = 10_000

Exported = dict[str, object]


class PassageHeld(Protocol):
    """A passage as the export needs it; the caller reads passages, which lie on a floor above."""

    @property
    def at(self) -> datetime:
        """Return when."""

    @property
    def gate_name(self) -> str:
        """Return at which gate."""

    @property
    def lane_name(self) -> str:
        """Return at which lane."""

    @property
    def method(self) -> str:
        """Return by which method."""

    @property
    def reason(self) -> str:
        """Return the reason of the decision."""

    @property
    def opened(self) -> bool:
        """Return whether the gate opened."""

    @property
    def visitor(self) -> str | None:
        """Return which pass, where a visitor came with it."""


def everything_held(
    session: Session, person: Person, site: Site, passages: Iterable[PassageHeld], now: datetime
) -> Exported:
    """Return everything held about the person, and nothing about any other."""
    return {
        "made_at": now,
        "site": site.name,
        **_about(session, person, site),
        **_history(session, person, passages),
    }


def _about(session: Session, person: Person, site: Site) -> Exported:
    return {
        "person": {
            "id": person.person_id,
            "name": person.display_name,
            "kind": person.kind,
            "home": person.home.number if person.home is not None else None,
            "ways_in": person.methods,
            "language": person.language,
            "since": person.created_at,
        },
        "time_zone": site.timezone,
        "grants": [
            {"lanes": g.lanes, "hours": g.hours_id, "from": g.valid_from, "until": g.valid_until}
            for g in person.grants
        ],
        "credentials": [
            {
                "kind": c.kind,
                "label": c.label,
                "state": c.state,
                "since": c.created_at,
                "valid_from": c.valid_from,
                "valid_until": c.valid_until,
                "ended_at": c.ended_at,
            }
            for c in credentials_of(session, person.person_id)
        ],
        "messages": [
            {"address": row.address, "kinds": row.kinds, "confirmed_at": row.confirmed_at}
            for row in [subscription_of(session, person.person_id)]
            if row is not None
        ],
        "messages_on_phones": [
            {"browser": browser_of(row.service), "kinds": row.kinds, "since": row.created_at}
            for row in phones_of(session, Owner(person_id=person.person_id))
        ],
        "call_numbers": [
            {"label": row.label, "proved_at": row.proved_at, "since": row.created_at}
            for row in every_number_of(session, person.person_id)
        ],
        "called_at_home": is_called(session, person),
        "two_ways_in": two_method_choice(session, person.person_id),
        "two_ways_in_minutes": two_method_hours(session, person.person_id),
        "passkeys": [
            {"label": p.label, "since": p.created_at, "last_used": p.last_used_at}
            for p in passkeys_of(session, person.person_id)
        ],
    }


def _exported_passage(passage: PassageHeld) -> Exported:
    # No place in the gate's journal: after a duress PIN it would be one further on.
    return {
        "at": passage.at,
        "gate_name": passage.gate_name,
        "lane_name": passage.lane_name,
        "method": passage.method,
        "reason": passage.reason,
        "opened": passage.opened,
        "visitor": passage.visitor,
    }


def _history(session: Session, person: Person, passages: Iterable[PassageHeld]) -> Exported:
    return {
        "passages": [_exported_passage(passage) for passage in passages],
        "looked_at": [
            {"at": at, **facts}
            for at, facts in shown_lookups(session, lookups_of(session, person.person_id, EXPORTED))
        ],
        "helped_at_the_desk": [
            _exported_visit(visit) for visit in visits_of(session, person.person_id, EXPORTED)
        ],
        "visitor_passes": [_exported_pass(row) for row in passes_of(session, person.person_id)],
        "weekly_visitors": [_exported_series(row) for row in every_series_of(session, person.person_id)],
        "agreed_for_children": [
            _exported_agreement(agreement) for agreement in agreements_of(session, person.person_id)
        ],
        "consents": _exported_consents(session, person, consents_of(session, person.person_id)),
        "said_no_to_face": list(refusals_of(session, person.person_id)),
        "requests": [_exported_request(row) for row in requests_of(session, person.person_id)],
        "suspensions": [
            {
                "reason": row.reason,
                "reference": row.reference,
                "by": row.party,
                "of_everything": row.credential_id is None,
                "since": row.began_at,
                "until": row.until,
                "ended_at": row.ended_at,
            }
            for row in every_suspension_of(session, person.person_id)
        ],
        "cards_last_used": [
            {"card": row.credential_id, "month": f"{row.month:%Y-%m}"}
            for row in card_months_of(session, person.person_id)
        ],
        "access_reviews": [
            {
                "review": of_round.number,
                "about": row.kind,
                "why": row.why,
                "asked_at": row.asked_at,
                "answer": row.answer,
                "decision": row.decision,
                "decided_at": row.decided_at,
            }
            for row, of_round in rows_about(session, person.person_id)
        ],
        "calls_answered": [
            {"at": call.at, "gate_name": call.gate_and_lane, "end": call.end}
            for call in answered_by(session, person.person_id)
        ],
        "kept_out": [
            {"by_act": row.act, "reason": row.reason, "by": row.party, "at": row.at}
            for row in lock_outs_of(session, person.person_id)
        ],
    }


def _exported_visit(visit: ShownVisit) -> Exported:
    return {
        "at": visit.opened_at,
        "by": visit.role,
        "opened_with": visit.opened_by,
        "proved_by": visit.proved_by,
        "acts": visit.acts,
    }


def _exported_pass(row: VisitorPassRow) -> Exported:
    return {
        "label": row.label,
        "gates": row.gate_numbers,
        "from": row.valid_from,
        "until": row.valid_until,
        "uses": row.uses,
        "withdrawn_at": row.withdrawn_at,
    }


def _exported_series(row: VisitorSeriesRow) -> Exported:
    return {
        "label": row.label,
        "gates": row.gate_numbers,
        "days": row.days,
        "from_minute": row.starts_minute,
        "until_minute": row.ends_minute,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "withdrawn_at": row.withdrawn_at,
    }


def _exported_agreement(agreement: Agreement) -> Exported:
    return {
        "to": agreement.to,
        "given_at": agreement.given_at,
        "withdrawn_at": agreement.withdrawn_at,
        "channel": agreement.channel,
        "language": agreement.language,
        "notice_version": agreement.notice_version,
        "text": agreement.text or agreement.fields,
        "text_sha256": agreement.sha256,
        "signed": agreement.signed,
    }


def _exported_consents(session: Session, person: Person, consents: Sequence[Consent]) -> list[Exported]:
    notices = notices_for(session, {consent.purpose for consent in consents})
    signed = releases_of(session, consents[0].person_id) if consents else {}
    looks = looks_held(session, person.person_id)
    return [
        {
            **_exported_consent(
                one, notices.get((one.purpose, one.notice_version, one.language)), signed.get(one.consent_id)
            ),
            "looks": [
                {"gate_name": gate_name, "taken_at": taken_at, "being_deleted": being_deleted}
                for gate_name, taken_at, being_deleted in looks.get(one.consent_id, ())
            ],
        }
        for one in consents
    ]


def _exported_consent(consent: Consent, notice: Notice | None, release: Release | None) -> Exported:
    return {
        "purpose": consent.purpose,
        "notice_version": consent.notice_version,
        "notice_sha256": consent.notice_sha256.hex(),
        "language": consent.language,
        "channel": consent.channel,
        "given_at": consent.given_at,
        "withdrawn_at": consent.withdrawn_at,
        "text": notice.fields if notice is not None else None,
        "signed_name": release.signed_name if release is not None else None,
    }


def _exported_request(row: RightsRequest) -> Exported:
    return {
        "kind": row.kind,
        "subject": row.subject,
        "text": row.text,
        "wanted": row.wanted,
        "filed_at": row.filed_at,
        "channel": row.channel,
        "acknowledge_by": row.acknowledge_by,
        "answer_by": row.answer_by,
        "acknowledged_at": row.acknowledged_at,
        "closed_at": row.closed_at,
        "outcome": row.outcome,
        "answer": row.answer,
        "before": row.value_before,
        "after": row.value_after,
    }
