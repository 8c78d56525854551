"""Police and courts: nothing goes out before the request is on record, and the person sees that it did."""

import csv
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import add_lane, by_phone, household
from web_admin.compound.models import Gate
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.privacy.disclosures import DisclosureRequest, passages_for, record_disclosure
from web_admin.privacy.models import Disclosure

PAPER = ("Changning police station", "2026-017, 3 March", "Passages on 3 March")


@pytest.fixture
def person(act):
    add_lane(act)
    person = household(act)[1]
    for seq, days in ((1, 0), (2, 1), (3, 10)):
        act.session.add(
            GateEvent(
                gate_id="north",
                journal_id="n",
                seq=seq,
                at=act.now - timedelta(days=days),
                kind="access",
                lane_id="north-in",
                person_id=person.person_id,
                facts={"method": "card", "opens": True, "reason": "granted"},
                personal={},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
                received_at=act.now,
            )
        )
    return person


def given(person, **more):
    days = {"first_day": date(2026, 3, 3), "last_day": date(2026, 3, 4)} | more
    return DisclosureRequest(*PAPER, "given", "Criminal procedure law, article 54.", person.person_id, **days)


def test_what_is_handed_over_is_the_scope_of_the_document_and_each_taking_is_on_record(act, person):
    row = record_disclosure(act, given(person), "privacy_officer")
    lines = passages_for(act, row.disclosure_id).decode("utf-8-sig").splitlines()
    assert lines[0] == '"at","gate","lane","method","opened","reason"'
    assert [line[1:11] for line in lines[1:]] == ["2026-03-03", "2026-03-04"]
    [entry] = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "disclosure_taken"))
    assert (entry.facts["entries"], entry.facts["actor_id"]) == (2, "manager-1")


def test_no_cell_of_what_is_handed_over_is_a_formula(act, person):
    act.session.get_one(Gate, "north").name = '=HYPERLINK("http://example.org")'
    row = record_disclosure(act, given(person), "privacy_officer")
    handed_over = passages_for(act, row.disclosure_id)
    assert handed_over.startswith(b"\xef\xbb\xbf")
    cells = [cell for line in csv.reader(handed_over.decode("utf-8-sig").splitlines()) for cell in line]
    assert [cell for cell in cells if cell.startswith("=")] == []
    assert "'=HYPERLINK" in str(cells)


def test_the_person_sees_who_asked_and_on_which_document(act, person):
    record_disclosure(act, given(person), "privacy_officer")
    [entry] = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "named_lookup"))
    assert entry.person_id == person.person_id
    assert entry.personal == {"reason": "Changning police station, 2026-017, 3 March"}


def test_a_refused_request_is_on_record_and_hands_nothing_over(act, person):
    days = (date(2026, 3, 3), date(2026, 3, 4))
    asked = DisclosureRequest(*PAPER, "refused", "No seal on the document.", person.person_id, *days)
    row = record_disclosure(act, asked, "manager")
    with pytest.raises(ActionRefused, match="nothing to be handed over"):
        passages_for(act, row.disclosure_id)
    assert act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "named_lookup")).all() == []
    assert len(act.session.scalars(select(Disclosure)).all()) == 1


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("field", ["authority", "document", "scope", "reason"])
def test_no_record_lacks_its_authority_document_scope_or_reason(act, person, field):
    asked = dict(zip(("authority", "document", "scope"), PAPER, strict=True)) | {"reason": "Article 54."}
    with pytest.raises(ActionRefused) as refusal:
        record_disclosure(act, DisclosureRequest(outcome="refused", **{**asked, field: "  "}), "manager")
    assert refusal.value.field == field


def test_passages_need_the_days_that_the_document_names(act, person):
    for wrong in ({"first_day": None}, {"last_day": date(2026, 3, 1)}):
        with pytest.raises(ActionRefused):
            record_disclosure(act, given(person, **wrong), "manager")


def test_nothing_goes_out_without_a_record_or_by_phone(act, person):
    with pytest.raises(ActionRefused, match="no such"):
        passages_for(act, "0" * 16)
    with pytest.raises(ActionRefused, match="by the office"):
        record_disclosure(by_phone(act, person.person_id), given(person), "manager")
