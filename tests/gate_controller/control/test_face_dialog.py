"""Asking about a face at a whole gate: the camera stays shut, the lane opens, the answer is on the disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from gate_controller.contract.messages import FaceLease
from gate_controller.contract.records import FaceOfferRecord
from gate_controller.face_control.messages import FaceEnded
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.sync.news import LinkChanged, PolicyTaken
from tests.support.gates.asking import (
    CONSENT,
    GUARDIAN,
    ME,
    MY_CARD,
    STRANGER,
    STRANGERS_CARD,
    answers,
    ask,
    gate_with_face,
    keep_a_face,
    ons,
    person_at,
    policy_of,
    read_on,
    say_yes,
)
from tests.support.gates.bench import LANE


@pytest.mark.wide
def test_a_no_opens_as_the_card_does_and_is_recorded_with_the_text_that_was_shown(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor:
            ask(bench, visitor)
            visitor.wait_for(screen="face_notice")
            assert ons(bench) == 0
            visitor.press("decline")
            visitor.wait_for(screen="granted")
            visitor.wait_for(screen="idle")
        assert bench.decisions() == [("card", "granted", True)]
        (facts,) = [entry.facts for entry in bench.entries() if entry.kind == "face_answer"]
        assert facts == {
            "lane_id": LANE,
            "answer": "no",
            "notice_version": 3,
            "notice_sha256": "01" * 32,
            "language": "en",
            "shown_by": "card",
        }
        assert {view["camera"] for view in visitor.views} == {"closed"}


@pytest.mark.wide
@pytest.mark.parametrize(
    ("news", "message"),
    [("offer ends", "face_refused"), ("link ends", "face_no_answer")],
)
def test_a_yes_that_the_office_does_not_take_lets_in_and_keeps_nothing(
    tmp_path: Path, news: str, message: str
) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor:
            say_yes(bench, visitor)
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_office")
            assert bench.gate is not None
            snapshot = bench.gate.controller._state.snapshot
            assert snapshot is not None
            said = {
                "offer ends": PolicyTaken(replace(snapshot, face_offers={})),
                "link ends": LinkChanged(False),
            }
            bench.gate.inbox.put(said[news])
            visitor.wait_for(screen="granted", message=message)
            assert bench.gate.face is not None
            assert bench.gate.face.person_ids() == ()
        assert answers(bench) == [("yes", {"person_id": ME, "credential_id": "card-1"})]
        assert {view["camera"] for view in visitor.views} == {"closed"}
        assert ons(bench) == 1


@pytest.mark.wide
def test_the_camera_opens_only_once_the_offices_yes_came_back(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor:
            say_yes(bench, visitor)
            for digit in "482915#":
                visitor.press("key", key=digit)
            visitor.wait_for(screen="face_office")
            gate = bench.gate
            assert gate is not None
            assert gate.face is not None
            assert {view["camera"] for view in visitor.views} == {"closed"}
            lease = FaceLease(person_id=ME, consent_id="consent-1", share=bytes(32), seconds=3600)
            gate.controller._parts.keeper.take_leases([lease], gate.face._boot_seconds())
            snapshot = gate.controller._state.snapshot
            assert snapshot is not None
            gate.inbox.put(PolicyTaken(replace(snapshot, face_roster={ME: CONSENT}, face_offers={})))
            visitor.wait_for(screen="face_enrol", camera="looking")
            visitor.press("cancel")
            visitor.wait_for(camera="closed")
        assert answers(bench) == [("yes", {"person_id": ME, "credential_id": "pin-1"})]
        entry = next(entry for entry in bench.entries() if entry.kind == "face_answer")
        assert entry.facts["shown_by"] == "pin"


def test_without_the_office_no_person_reads_a_notice_for_nothing(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench, online=False) as visitor:
            ask(bench, visitor)
            visitor.wait_for(screen="granted", message="face_needs_office")
        assert answers(bench) == []
        assert bench.decisions() == [("card", "granted", True)]


def test_a_signature_asked_for_while_the_notice_is_read_leaves_no_yes(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor:
            say_yes(bench, visitor)
            assert bench.gate is not None
            snapshot = bench.gate.controller._state.snapshot
            assert snapshot is not None
            by_phone = replace(snapshot, face_offers={ME: FaceOfferRecord(ME, on_phone=True)})
            bench.gate.inbox.put(PolicyTaken(by_phone))
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="granted", message="face_on_phone")
        assert answers(bench) == []


def test_where_a_yes_is_signed_the_terminal_sends_to_the_phone_and_lets_in(tmp_path: Path) -> None:
    offer = FaceOfferRecord(ME, on_phone=True)
    with gate_with_face(tmp_path, policy_of(offer=offer)) as bench, person_at(bench) as visitor:
        ask(bench, visitor)
        visitor.wait_for(screen="granted", message="face_on_phone")
        assert answers(bench) == []
        assert bench.decisions() == [("card", "granted", True)]


def test_who_is_offered_nothing_is_let_in_and_reads_so(tmp_path: Path) -> None:
    policy = policy_of(offer=FaceOfferRecord(ME))
    with gate_with_face(tmp_path, policy) as bench, person_at(bench) as visitor:
        ask(bench, visitor, STRANGERS_CARD)
        visitor.wait_for(screen="granted", message="face_not_for_you")


def test_a_bystanders_press_and_card_are_no_yes_and_their_card_opens_for_them(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor:
            say_yes(bench, visitor)
            visitor.press("confirm")
            visitor.press("confirm")
            bench.card.tap(STRANGERS_CARD)
            visitor.wait_for(screen="granted")
        assert answers(bench) == []
        opened = [entry.personal for entry in bench.entries() if entry.kind == "access"]
        assert [personal["person_id"] for personal in opened if personal] == [STRANGER]


LASTING = {"typing_home", "face_notice", "face_ask", "face_confirm", "face_office", "granted"}


@pytest.mark.wide
def test_both_pins_lead_through_the_asking_alike_and_one_calls_in_silence(tmp_path: Path) -> None:
    seen, calls = {}, {}
    for digits in ("482915", "739146"):
        root = tmp_path / digits
        root.mkdir()
        with gate_with_face(root, policy_of(offer=FaceOfferRecord(ME))) as bench:
            with person_at(bench) as visitor:
                visitor.press("own_face")
                visitor.wait_for(screen="typing_home", message="own_card_or_pin")
                bench.keys.type(f"31203#{digits}#")
                visitor.wait_for(screen="face_notice")
                calls[digits] = [sum(entry.kind == "alarm_duress" for entry in bench.entries())]
                read_on(visitor)
                visitor.press("confirm")
                visitor.wait_for(screen="face_confirm")
                bench.keys.type(f"{digits}#")
                visitor.wait_for(screen="face_office")
                assert bench.gate is not None
                bench.gate.inbox.put(LinkChanged(False))
                visitor.wait_for(screen="granted", message="face_no_answer")
            entries = bench.entries()
        said = [(entry.kind, dict(entry.facts)) for entry in entries if entry.kind != "alarm_duress"]
        # Screens of typing change faster than a visitor looks.
        screens = [view["screen"] for view in visitor.views if view["screen"] in LASTING]
        changes = [here for here, before in zip(screens, [None, *screens], strict=False) if here != before]
        seen[digits] = (said, changes, bench.decisions())
        calls[digits].append(sum(entry.kind == "alarm_duress" for entry in entries))
    assert seen["482915"] == seen["739146"]
    assert ("face_answer", "yes") in [(kind, facts.get("answer")) for kind, facts in seen["739146"][0]]
    assert calls["482915"] == [0, 0]
    assert calls["739146"][0] == 1, "the alarm waited until the lane opened"
    assert calls["739146"][1] >= 2


@pytest.mark.wide
def test_a_minor_and_then_a_guardian_say_yes_with_their_own_things(tmp_path: Path) -> None:
    offer = FaceOfferRecord(ME, (GUARDIAN,))
    with gate_with_face(tmp_path, policy_of(offer=offer)) as bench:
        with person_at(bench) as visitor:
            say_yes(bench, visitor)
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_guardian")
            bench.keys.type("111999#")
            visitor.wait_for(screen="face_office")
        assert answers(bench) == [
            (
                "yes",
                {
                    "person_id": ME,
                    "credential_id": "card-1",
                    "guardian_id": GUARDIAN,
                    "guardian_credential_id": "pin-3",
                },
            )
        ]


# -- taking back ---------------------------------------------------------------------------------------


@pytest.mark.wide
def test_a_face_is_taken_back_without_the_office_at_once_and_for_good(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with person_at(bench, online=False) as visitor:
            keep_a_face(bench)
            visitor.press("method", method="face")
            visitor.wait_for(screen="typing_home")
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_kept")
            visitor.press("key", key="3")
            visitor.wait_for(screen="granted", message="forgotten")
            assert bench.gate is not None
            assert bench.gate.face is not None
            assert not bench.gate.face.has_face(ME)
        kinds = [
            entry.kind for entry in bench.entries() if entry.kind.startswith(("face", "access", "shown"))
        ]
        assert kinds == ["shown_for_face", "face_answer", "face_forgotten", "access"]
        assert answers(bench) == [("withdraw", {"person_id": ME, "consent_id": "consent-1"})]
        assert b"\xc7" * 64 not in (bench.root / "data" / "faces.sqlite3").read_bytes()

        # The policy on the disk still has the consent, and the office would still lease the share.
        with person_at(bench, online=False) as visitor:
            gate = bench.gate
            assert gate is not None
            assert gate.face is not None
            lease = FaceLease(person_id=ME, consent_id="consent-1", share=bytes(32), seconds=3600)
            gate.controller._parts.keeper.take_leases([lease], gate.face._boot_seconds())
            assert gate.face._leases.live(ME, "consent-1") is None
            ask(bench, visitor)
            visitor.wait_for(screen="granted", message="face_not_for_you")
            assert len(gate.controller._parts.journal.unsent_receipts()) == 1


def test_leaving_a_face_where_it_is_opens_and_changes_nothing(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with person_at(bench, online=False) as visitor:
            keep_a_face(bench)
            ask(bench, visitor)
            visitor.wait_for(screen="face_kept")
            visitor.press("decline")
            visitor.wait_for(screen="granted")
            assert bench.gate is not None
            assert bench.gate.face is not None
            assert bench.gate.face.has_face(ME)
        assert answers(bench) == []


def test_another_look_needs_the_own_card_once_more_and_a_look_that_fails_keeps_what_there_was(
    tmp_path: Path,
) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with person_at(bench, online=False) as visitor:
            keep_a_face(bench)
            ask(bench, visitor)
            visitor.wait_for(screen="face_kept")
            visitor.press("confirm")
            visitor.wait_for(screen="face_confirm")
            assert {view["camera"] for view in visitor.views} == {"closed"}
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="granted", message="not_enrolled")
            assert bench.gate is not None
            assert bench.gate.face is not None
            assert bench.gate.face.look_ids(ME) == ("0011223344556677",)
        assert answers(bench) == [], "the consent is the one that was given"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("reason", "who", "seconds", "is_reported"),
    [
        (FaceReason.NOT_RECOGNISED, MY_CARD, 0.0, True),
        (FaceReason.AMBIGUOUS, MY_CARD, 59.0, True),
        (FaceReason.NOT_RECOGNISED, MY_CARD, 61.0, False),
        (FaceReason.NOT_RECOGNISED, STRANGERS_CARD, 0.0, False),
        (FaceReason.TOO_DARK, MY_CARD, 0.0, False),
    ],
)
def test_who_comes_in_right_after_a_look_that_missed_them_is_reported_by_id_and_no_one_else(
    tmp_path: Path, reason: FaceReason, who: int, seconds: float, is_reported: bool
) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with person_at(bench, online=False) as visitor:
            gate = bench.gate
            assert gate is not None
            camera = gate.controller._parts.desks[LANE].camera
            camera.looked_for, camera.looks = frozenset({ME}), 1
            gate.inbox.put(FaceEnded(LANE, FaceResult(False, reason)))
            visitor.wait_for(screen="refused")
            if camera.missed is not None:
                camera.missed = replace(camera.missed, until_seconds=camera.missed.until_seconds - seconds)
            bench.card.tap(who)
            visitor.wait_for(screen="granted")
        missed = [
            (dict(entry.facts), dict(entry.personal or {}))
            for entry in bench.entries()
            if entry.kind == "face_missed"
        ]
        assert missed == [({"lane_id": LANE}, {"person_id": ME})] * is_reported


@pytest.mark.wide
def test_the_offices_policy_ends_what_was_taken_back_and_the_first_receipt_stays(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with person_at(bench, online=False) as visitor:
            keep_a_face(bench)
            ask(bench, visitor)
            visitor.wait_for(screen="face_kept")
            visitor.press("key", key="3")
            visitor.wait_for(screen="granted")
            assert bench.gate is not None
            parts = bench.gate.controller._parts
            receipts = parts.journal.unsent_receipts()
            assert parts.store.withdrawn_faces() == {"consent-1"}
        bench.give_policy(policy_of(offer=FaceOfferRecord(ME)), version=2)
        with person_at(bench):
            assert bench.gate is not None
            parts = bench.gate.controller._parts
            assert parts.store.withdrawn_faces() == frozenset()
            assert parts.store.ended_faces() == {}
            assert parts.journal.unsent_receipts() == receipts
