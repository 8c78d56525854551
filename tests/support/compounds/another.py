"""A second compound in the same database: real objects that no account of the first may reach by id."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.accounts.models import ApiKey
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.calls.models import HomeCall
from web_admin.compound.models import CredentialRow, Gate, Home, Hours, Lane, Person, Site
from web_admin.compound.place_models import Place
from web_admin.compound.restore_models import RestoreReview
from web_admin.compound.suspension_models import Suspension
from web_admin.core.job_models import LongJob
from web_admin.core.orm import Base
from web_admin.face.models import AssessmentRow
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import GateEvent
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.people.print_models import PrintRun
from web_admin.privacy.models import ComplianceAudit, Disclosure, Incident, RightsRequest
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow

SITE, GATE, PERSON, HOME = "another-site", "another-gate", "another-person", "another-home"


def add_another(session: Session, site: Site) -> Mapping[str, str]:
    """Add the other compound, younger than the first; return an id for each argument of a path."""
    _copy(session, site, site_id=SITE, created_at=_later(session))
    home = _first(session, Home, Home.home_id)
    _copy(session, home, home_id=HOME, site_id=SITE)
    person = _first(session, Person, Person.person_id)
    _copy(session, person, person_id=PERSON, site_id=SITE, home_id=HOME)
    gate = _first(session, Gate, Gate.gate_id)
    _copy(session, gate, gate_id=GATE, site_id=SITE)
    _copy(session, _first(session, Lane, Lane.lane_id), lane_id="another-lane", gate_id=GATE)
    event = _first(session, GateEvent, GateEvent.seq)
    _copy(session, event, gate_id=GATE, seq=101, person_id=PERSON, lane_id="another-lane")
    card = session.scalars(select(CredentialRow).where(CredentialRow.kind == "card").limit(1)).one()
    _copy(session, card, credential_id="another-card", person_id=PERSON, lookup=b"another")
    office = {"site_id": SITE}
    _copy(session, _first(session, Alarm, Alarm.alarm_id), alarm_id="another-alarm", **office)
    _copy(session, _first(session, Hours, Hours.hours_id), hours_id="another-hours", **office)
    assessment = _first(session, AssessmentRow, AssessmentRow.assessment_id)
    for key in ("another-assessment", "another-older"):
        _copy(session, assessment, assessment_id=key, **office)
    visitor = session.scalars(
        select(VisitorPassRow).where(VisitorPassRow.issuer_person_id.is_(None)).limit(1)
    ).one()
    _copy(session, visitor, pass_id="another-pass", **office)
    _copy(
        session,
        _first(session, Disclosure, Disclosure.disclosure_id),
        disclosure_id="another-disclosure",
        person_id=PERSON,
        **office,
    )
    audit = _first(session, ComplianceAudit, ComplianceAudit.audit_id)
    _copy(session, audit, audit_id="another-audit", **office)
    _copy(session, _first(session, Incident, Incident.incident_id), incident_id="another-incident", **office)
    asked = _first(session, RightsRequest, RightsRequest.request_id)
    _copy(session, asked, request_id="another-request", person_id=PERSON, **office)
    _copy(session, _first(session, PrintRun, PrintRun.run_id), run_id="another-run", **office)
    weekly = session.scalars(select(VisitorSeriesRow).limit(1)).one()
    _copy(session, weekly, series_id="another-series", issuer_person_id=None, **office)
    reviewed = _first(session, ReviewRound, ReviewRound.number)
    _copy(session, reviewed, round_id="another-round", **office)
    row = _first(session, ReviewRow, ReviewRow.place)
    _copy(session, row, row_id="another-row", round_id="another-round")
    _add_what_the_first_has_not(session, site)
    session.flush()
    return {
        "alarm_id": "another-alarm",
        "call_id": "another-call",
        "assessment_id": "another-assessment",
        "older_id": "another-older",
        "audit_id": "another-audit",
        "round_id": "another-round",
        "row_id": "another-row",
        "card_id": "another-card",
        "credential_id": "another-card",
        "disclosure_id": "another-disclosure",
        "gate_id": GATE,
        "handover_id": "another-handover",
        "home_id": HOME,
        "hours_id": "another-hours",
        "incident_id": "another-incident",
        "job_id": "another-job",
        "key_id": "another-key",
        "review_id": "another-review",
        "lane_id": "another-lane",
        "message_id": "another-message",
        "pair_id": "another-pair",
        "pass_id": "another-pass",
        "place_id": "another-place",
        "person_id": PERSON,
        "request_id": "another-request",
        "run_id": "another-run",
        "series_id": "another-series",
        "suspension_id": "another-suspension",
        "webhook_id": "another-webhook",
    }


def _add_what_the_first_has_not(session: Session, site: Site) -> None:
    now = site.created_at
    session.add_all(
        [
            HomeCall(
                call_id="another-call",
                site_id=SITE,
                gate_id=GATE,
                lane_id="another-lane",
                home_id=HOME,
                purpose="home",
                stage="ringing",
                to_guard=True,
                plan=[{"step": "guard", "from": 0, "by": ""}],
                started_at=now,
                ends_at=now,
                has_telephone=False,
                sealing_public_key=b"key",
            ),
            Place(place_id="another-place", site_id=SITE, kind="building", name="9", code="9", number=1),
            Suspension(
                suspension_id="another-suspension",
                site_id=SITE,
                person_id=PERSON,
                reason="moved_out",
                party="office",
                given_by="staff-9",
                given_at=now,
            ),
            HandoverRow(
                handover_id="another-handover", site_id=SITE, at=now, author_id="staff-9", open_alarm_ids=[]
            ),
            LongJob(
                job_id="another-job",
                site_id=SITE,
                kind="import_people",
                author_id="staff-9",
                total=1,
                created_at=now,
                state="done",
                result={},
            ),
            ApiKey(
                key_id="another-key",
                site_id=SITE,
                name="x",
                scopes=["people:read"],
                secret_sha256=bytes(32),
                author_id="staff-9",
                created_at=now,
                valid_until=now,
            ),
            RestoreReview(
                review_id="another-review",
                site_id=SITE,
                kind="person",
                subject_id=PERSON,
                before={},
                after={},
                found_at=now,
            ),
            Webhook(
                webhook_id="another-webhook",
                site_id=SITE,
                name="x",
                url="https://example.org/",
                kinds=[],
                signing_key_sealed=b"",
                created_at=now,
            ),
            PairAttempt(
                pair_id="another-pair", gate_id=GATE, code_digest=b"", expires_at=now, state="waiting"
            ),
            OutboxMessage(
                message_id="another-message",
                site_id=SITE,
                channel="webhook",
                target="another-webhook",
                kind="test",
                body={},
                created_at=now,
                next_at=now,
                state="failed",
            ),
        ]
    )


def _later(session: Session) -> Any:
    return session.scalars(select(Alarm.raised_at).limit(1)).one()


def _first(session: Session, kind: type[Any], order: Any) -> Any:
    return session.scalars(select(kind).order_by(order).limit(1)).one()


def _copy(session: Session, row: Base, **changes: object) -> None:
    values = {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}
    session.add(type(row)(**values | changes))
    session.flush()
