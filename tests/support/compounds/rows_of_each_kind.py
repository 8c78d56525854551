"""Rows that a compound that was lived in still lacks: one of every table that pages list."""

from datetime import timedelta

from sqlalchemy import select

from web_admin.accounts.models import AccessReview, ApiKey, Passkey, StaffInvitation, User
from web_admin.action.base import Action, record
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.calls.models import (
    CallNumber,
    CallSettings,
    HomeCall,
    HomeCallPerson,
    HomeCallWishes,
    TelephoneTask,
)
from web_admin.calls.reach import NUMBER_PURPOSE
from web_admin.compound.models import CredentialRow, Gate, GuardianRow, Person
from web_admin.compound.policy_models import OrderRow, PolicySumsRow
from web_admin.compound.restore_models import RestoreReview
from web_admin.compound.suspension_models import LockOut, Suspension
from web_admin.core.health_models import ServerMark
from web_admin.core.job_models import LongJob
from web_admin.core.orm import Base
from web_admin.credentials.models import ChildAgreement, TwoMethodRequest
from web_admin.custody.models import (
    Consent,
    FaceLook,
    FaceShare,
    FaceUse,
    ForgettingRow,
    GateFaceRow,
    IncidentDrill,
    LookOffer,
    Notice,
    ReceiptRow,
    WrapKeyCopy,
    WrapKeyRow,
)
from web_admin.desk.models import DeskVisitRow
from web_admin.face.consent_rules import keep_release
from web_admin.face.models import AssessmentRow, ConsentRenewal, ConsentRules, FaceOpening, GuardianConsent
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import GateEvent, QuarantinedEntry
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.push_models import PushPhone
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.people.models import HomeAddition
from web_admin.updates.models import Rollout
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorUse, VisitorVisit


def add_one_of_each(act: Action, person_id: str, ward_id: str) -> None:
    """Give a resident and their ward, the staff and the gates one of everything they may have."""
    session, person = act.session, act.session.get_one(Person, person_id)
    session.add_all(
        [
            *_of_person(act, person, ward_id),
            *_of_visitors(act, person),
            *_of_office(act, person),
            *_of_gates(act),
            *_of_face(act, person, ward_id),
            *_of_calls(act, person),
        ]
    )
    session.flush()
    record(
        act,
        "named_lookup",
        {"role": "privacy_officer", "actor_id": "staff-1"},
        personal={"reason": "a lost bag"},
        person_id=person_id,
    )
    record(act, "face_refused", {}, person_id=person_id)
    for gate in session.scalars(select(Gate)):
        lanes = [lane.lane_id for lane in gate.lanes]
        gate.lane_states = [_held(lane_id, number) for lane_id in lanes for number in range(40)]


def _held(lane_id: str, number: int) -> dict[str, str]:
    """Return what a gate reports of a lane, or of one of its copies, that a staff card holds open."""
    reported = lane_id if number == 0 else f"{lane_id}-{number}"
    return {"lane_id": reported, "door": "open", "posture": "held_open"}


def _of_person(act: Action, person: Person, ward_id: str) -> list[Base]:
    now, who = act.now, person.person_id
    keys = [("card", None, False), ("qr", b"key", False), ("qr", None, True)]
    return [
        *(
            CredentialRow(
                credential_id=f"one-{kind}-{printed}",
                person_id=who,
                kind=kind,
                public_key=key,
                printed=printed,
                created_at=now,
            )
            for kind, key, printed in keys
        ),
        CredentialRow(
            credential_id="one-code",
            person_id=who,
            kind="visitor_code",
            created_at=now,
            valid_from=now,
            valid_until=now + timedelta(hours=6),
        ),
        Passkey(
            passkey_id="one",
            person_id=who,
            credential_id=b"one",
            public_key=b"k",
            sign_count=0,
            created_at=now,
        ),
        NotificationSubscription(
            person_id=who, channel="mail", address="one@example.org", kinds=["visitor_came"], confirmed_at=now
        ),
        PushPhone(
            phone_id="one",
            site_id=act.site_id,
            person_id=who,
            service="fcm.googleapis.com",
            endpoint_sha256=b"one",
            subscription_sealed=b"sealed",
            kinds=["visitor_came"],
            created_at=now,
        ),
        TwoMethodRequest(person_id=who, from_minute=1320, until_minute=360),
        DeskVisitRow(
            visit_id="one",
            site_id=act.site_id,
            account_id=1,
            role="manager",
            person_id=who,
            opened_by="card",
            opened_at=now,
            proved_at=now,
            ended_at=now,
        ),
        Suspension(
            suspension_id="one",
            site_id=act.site_id,
            person_id=who,
            reason="asked",
            party="owner",
            given_by="staff-1",
            given_at=now,
        ),
        LockOut(
            lock_out_id="one",
            site_id=act.site_id,
            person_id=who,
            act="grants_set",
            reason="asked",
            party="office",
            given_by="staff-1",
            at=now,
        ),
        HomeAddition(person_id=ward_id, home_id=person.home_id, added_by=who, added_at=now, state="waiting"),
        ChildAgreement(child_id=ward_id, guardian_id=who, given_at=now, channel="phone", language="zh"),
    ]


def _of_visitors(act: Action, person: Person) -> list[Base]:
    session, who = act.session, person.person_id
    given = session.scalars(select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == who)).all()
    weekly = session.scalars(select(VisitorSeriesRow).where(VisitorSeriesRow.issuer_person_id == who)).all()
    shown = [row.pass_id for row in given] + ["one-code"]
    return [
        VisitorVisit(pass_id=given[-1].pass_id, series_id=weekly[-1].series_id, day=act.now.date()),
        *(
            VisitorUse(
                gate_id="north",
                journal_id="j",
                seq=900 + number,
                shown_id=shown_id,
                lane_id="north-in",
                at=act.now,
            )
            for number, shown_id in enumerate(shown)
        ),
    ]


def _of_office(act: Action, person: Person) -> list[Base]:
    now, site_id, hour = act.now, act.site_id, timedelta(hours=1)
    guard = act.session.scalars(select(User).where(User.email == "guard@example.org")).one()
    seen = Alarm(
        alarm_id="one-seen",
        site_id=site_id,
        gate_id="north",
        lane_id="north-in",
        kind="alarm_door_forced",
        raised_at=now - hour,
        acknowledged_at=now,
        acknowledged_by=f"staff-{guard.id}",
        note="seen",
    )
    held = Alarm(
        alarm_id="one-held",
        site_id=site_id,
        gate_id="north",
        lane_id="north-in",
        kind="alarm_override",
        raised_at=now - hour,
    )
    return [
        seen,
        held,
        GateEvent(
            gate_id="north",
            journal_id="j",
            seq=900,
            at=held.raised_at,
            kind="alarm_override",
            lane_id="north-in",
            person_id=person.person_id,
            facts={"by": "staff_card"},
            personal={},
            salt=b"s",
            personal_digest=b"",
            previous=b"",
            digest=b"",
            received_at=now,
        ),
        QuarantinedEntry(
            gate_id="north",
            journal_id="j",
            seq=901,
            digest=b"",
            previous=b"",
            is_whole=True,
            why="text",
            body=b"{}",
            received_at=now,
            ledger_seq=1,
        ),
        HandoverRow(
            handover_id="one",
            site_id=site_id,
            at=now,
            author_id=f"staff-{guard.id}",
            note="quiet",
            open_alarm_ids=["one-held"],
            taken_over_at=now,
            taken_over_by="staff-1",
        ),
        ApiKey(
            key_id="one",
            site_id=site_id,
            name="couriers",
            scopes=["passes:write"],
            secret_sha256=b"s",
            author_id="staff-1",
            created_at=now,
            valid_until=now + hour,
        ),
        Webhook(
            webhook_id="one",
            site_id=site_id,
            name="desk",
            url="https://example.org/",
            created_at=now,
            kinds=["alarm_raised"],
            signing_key_sealed=b"s",
        ),
        *(
            OutboxMessage(
                message_id=f"one-{channel}",
                site_id=site_id,
                channel=channel,
                target="one",
                kind="alarm_raised",
                body={},
                state="failed",
                created_at=now,
                next_at=now,
                trouble="refused",
            )
            for channel in ("webhook", "mail")
        ),
        AssessmentRow(
            assessment_id="one",
            site_id=site_id,
            number=1,
            state="draft",
            texts={},
            lanes=[],
            conclusion="go",
            residual_risk="low",
            author_ids=["staff-1"],
            created_at=now,
        ),
        LongJob(
            job_id="one",
            site_id=site_id,
            kind="people_import",
            author_id="staff-1",
            total=1,
            created_at=now,
            state="done",
            result={},
        ),
        RestoreReview(
            review_id="one",
            site_id=site_id,
            kind="person",
            subject_id=person.person_id,
            before={"suspended": False},
            after={"suspended": person.suspended},
            found_at=now,
        ),
        AccessReview(review_id="one", site_id=site_id, reviewed_at=now, reviewer_id="staff-1", accounts=4),
        StaffInvitation(
            invitation_id="one",
            account_id=guard.id,
            code_digest=b"one",
            created_at=now,
            expires_at=now + hour,
        ),
        ServerMark(name="backup", at=now),
    ]


def _of_gates(act: Action) -> list[Base]:
    return [
        OrderRow(
            order_id="one",
            gate_id="north",
            lane_id="north-in",
            issued_at=act.now,
            valid_seconds=10,
            author_id="staff-1",
            reason="parcel",
        ),
        PairAttempt(
            pair_id="one",
            gate_id="garage",
            code_digest=b"one",
            state="waiting",
            phrase="one two",
            expires_at=act.now + timedelta(hours=1),
        ),
        PolicySumsRow(gate_id="north", version=0, sums=bytes(2048), digest=bytes(32)),
        GateFaceRow(gate_id="north", tamper_id="one", tampered_at=act.now),
        Rollout(
            rollout_id="one",
            site_id=act.site_id,
            version="0.3.0",
            started_by="staff-1",
            started_at=act.now,
            changed_at=act.now,
        ),
    ]


def _of_calls(act: Action, person: Person) -> list[Base]:
    now, who, site_id = act.now, person.person_id, act.site_id
    assert person.home_id is not None
    return [
        HomeCall(
            call_id="one",
            site_id=site_id,
            gate_id="north",
            lane_id="north-in",
            home_id=person.home_id,
            purpose="home",
            stage="over",
            end="opened",
            plan=[{"step": "page", "from": 0}, {"step": "none", "from": 45}],
            started_at=now,
            answered_at=now,
            answered_by=who,
            ends_at=now + timedelta(minutes=2),
            ended_at=now,
            has_telephone=True,
            sealing_public_key=b"key",
            order_id="one-order",
            order_person_id=who,
            order_at=now,
        ),
        HomeCallWishes(
            home_id=person.home_id,
            site_id=site_id,
            takes_calls=True,
            courier="by_day",
            courier_by=who,
            directory_label="Lin",
            changed_at=now,
            changed_by=who,
        ),
        HomeCallPerson(person_id=who, home_id=person.home_id, is_called=True),
        CallNumber(
            number_id="one",
            person_id=who,
            number_sealed=act.sealer.seal(b"+8613800138000", purpose=NUMBER_PURPOSE),
            label="kitchen",
            proved_at=now,
            created_at=now,
        ),
        TelephoneTask(
            task_id="one",
            site_id=site_id,
            number_id="one",
            person_id=who,
            purpose="test",
            state="done",
            created_at=now,
            ends_at=now,
            done_at=now,
            result="reached",
        ),
        CallSettings(site_id=site_id, prefixes=["+86"], hosts=[]),
    ]


def _of_face(act: Action, person: Person, ward_id: str) -> list[Base]:
    now, session = act.now, act.session
    own = session.scalars(select(Consent).where(Consent.person_id == person.person_id)).first()
    of_ward = Consent(
        consent_id="one-ward",
        person_id=ward_id,
        purpose="face",
        notice_version=1,
        notice_sha256=b"",
        language="zh",
        channel="phone",
        given_at=now,
    )
    session.add(of_ward)
    session.flush()
    assert own is not None
    notice = session.scalars(select(Notice).where(Notice.sha256 == own.notice_sha256)).one()
    keep_release(act, own, notice, person.person_id, "Zhao", now)
    shown = session.scalars(select(CredentialRow.credential_id).order_by(CredentialRow.credential_id)).first()
    return [
        GuardianRow(minor_id=ward_id, guardian_id=person.person_id, checked_by="staff-1", checked_at=now),
        GuardianConsent(
            consent_id=of_ward.consent_id,
            guardian_id=person.person_id,
            notice_sha256=b"",
            language="zh",
            channel="phone",
            given_at=now,
        ),
        ConsentRules(site_id=act.site_id, written_release=False, both_guardians=False),
        ConsentRenewal(person_id=ward_id, why="notice_changed", since=now, notice_version=1, language="zh"),
        FaceUse(consent_id=own.consent_id, last_used_at=now),
        FaceLook(gate_id="north", look_id="0011223344556677", consent_id=own.consent_id, taken_at=now),
        LookOffer(consent_id=own.consent_id, misses=0, offered_at=now, is_off=False),
        FaceOpening(person_id=person.person_id, credential_id=shown, at=now),
        FaceShare(
            person_id=ward_id,
            gate_id="north",
            consent_id=of_ward.consent_id,
            share_sealed=b"",
            created_at=now,
        ),
        ForgettingRow(
            consent_id=own.consent_id,
            gate_id="north",
            why="withdrawn",
            share_made_at=now,
            begun_at=now,
            fresh_receipt=False,
            key_id="",
            gate_public_key=b"k",
        ),
        ReceiptRow(consent_id=own.consent_id, gate_id="north", receipt=b"{}", signature=b"", received_at=now),
        WrapKeyRow(key_id="one", state="destroyed", made_at=now, destroyed_at=now),
        WrapKeyCopy(key_id="one", machine_id="web1", state="destroyed", changed_at=now),
        IncidentDrill(
            drill_id="one", site_id=act.site_id, for_real=False, started_at=now, ended_at=now, record="{}"
        ),
    ]
