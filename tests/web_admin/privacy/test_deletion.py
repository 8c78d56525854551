"""Delete my records: what goes at once, what stays, and what the ledger keeps as evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household, offer_face
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent, FaceUse
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent
from web_admin.face.queries import newest_notice
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.privacy.deletion import deletable, delete_own
from web_admin.privacy.models import RightsRequest
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.weekly import issue_series, withdraw_series


@pytest.fixture
def person(act):
    add_lane(act)
    offer_face(act)
    person = household(act)[1]
    issue_card(act, person.person_id, 4_242_001)
    return person


def passage(act, person_id, seq, *, method="card", kind="access"):
    act.session.add(
        GateEvent(
            gate_id="north",
            journal_id="n",
            seq=seq,
            at=act.now - timedelta(hours=100 - seq),
            kind=kind,
            lane_id="north-in",
            person_id=person_id,
            facts={"method": method, "opens": True, "reason": "granted"},
            personal={"person_id": person_id},
            salt=b"s" * 16,
            personal_digest=bytes(32),
            previous=bytes(32),
            digest=bytes(32),
            received_at=act.now,
        )
    )
    act.session.flush()


def named(act):
    query = select(GateEvent.seq).where(GateEvent.person_id.is_not(None)).order_by(GateEvent.seq)
    act.session.expire_all()
    return list(act.session.scalars(query))


def test_passages_of_that_person_alone_lose_the_name_for_good(act, person):
    other = household(act, "5-0101", "Zhao")[1]
    for seq, who in ((1, person), (2, other), (3, person)):
        passage(act, who.person_id, seq)
    passage(act, person.person_id, 4, kind="alarm_override")
    gone = delete_own(by_phone(act, person.person_id), person.person_id, ("passages",))
    assert (gone.passages, named(act)) == (2, [2, 4])
    erased = act.session.get_one(GateEvent, ("north", "n", 1))
    assert (erased.personal, erased.salt, erased.facts["method"]) == (None, None, "card")


def test_it_counts_as_a_request_that_was_answered_on_the_spot(act, person):
    passage(act, person.person_id, 1)
    delete_own(by_phone(act, person.person_id), person.person_id, ("passages",))
    [row] = act.session.scalars(select(RightsRequest))
    assert (row.kind, row.outcome, row.closed_at) == ("deletion", "answered", act.now)
    [entry] = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "own_records_deleted"))
    assert (entry.facts["passages"], entry.facts["face"], entry.person_id) == (1, False, person.person_id)


def test_only_past_visitors_lose_their_labels(act, person):
    by_them = by_phone(act, person.person_id)
    past, live = (
        issue_pass(by_them, issuer_person_id=person.person_id, label=label, gate_numbers=[1], uses=1)
        for label in ("Aunt Li", "plumber")
    )
    withdraw_pass(by_them, past.pass_id)
    assert delete_own(by_them, person.person_id, ("visitors",)).visitors == 1
    act.session.expire_all()
    assert sorted(act.session.scalars(select(VisitorPassRow.label))) == ["", live.label]


def test_past_and_withdrawn_weekly_visitors_lose_their_labels_too(act, person):
    by_them = by_phone(act, person.person_id)
    past, withdrawn, live = (
        issue_series(
            by_them,
            issuer_person_id=person.person_id,
            label=label,
            gate_numbers=[1],
            days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            starts_minute=0,
            ends_minute=60,
            last_day=act.now.date() + timedelta(days=days),
        )
        for label, days in (("Aunt Li", 2), ("plumber", 30), ("Piano teacher", 30))
    )
    withdraw_series(by_them, withdrawn.series_id)
    later = replace(by_them, now=act.now + timedelta(days=4))
    assert deletable(later, person).visitors == 2
    assert delete_own(later, person.person_id, ("visitors",)).visitors == 2
    act.session.expire_all()
    labels = {row.series_id: row.label for row in act.session.scalars(select(VisitorSeriesRow))}
    assert labels == {past.series_id: "", withdrawn.series_id: "", live.series_id: "Piano teacher"}
    assert deletable(later, person).visitors == 0


def consent_of(act, person):
    version = newest_notice(act.session, FACE_PURPOSE, "en").version
    return give_face_consent(by_phone(act, person.person_id), person.person_id, version, "en")


def test_the_face_goes_as_by_a_withdrawal_when_it_is_chosen(act, person):
    consent = consent_of(act, person)
    assert deletable(by_phone(act, person.person_id), person).face
    assert delete_own(by_phone(act, person.person_id), person.person_id, ("face",)).face
    assert act.session.get_one(Consent, consent.consent_id).withdrawn_at == act.now


def test_a_face_that_stays_does_not_look_unused_afterwards(act, person):
    consent = consent_of(act, person)
    consent.given_at = act.now - timedelta(days=200)
    passage(act, person.person_id, 1, method="face")
    delete_own(by_phone(act, person.person_id), person.person_id, ("passages",))
    use = act.session.get_one(FaceUse, consent.consent_id)
    assert use.last_used_at == act.now - timedelta(hours=99)


def test_staff_delete_no_records_and_no_resident_another_persons(act, person):
    with pytest.raises(ActionRefused, match="themselves"):
        delete_own(act, person.person_id, ("passages",))
    other = household(act, "5-0101", "Zhao")[1]
    with pytest.raises(ActionRefused, match="your own"):
        delete_own(by_phone(act, other.person_id), person.person_id, ("passages",))
    with pytest.raises(ActionRefused, match="Choose what to delete"):
        delete_own(by_phone(act, person.person_id), person.person_id, ("neighbours",))
