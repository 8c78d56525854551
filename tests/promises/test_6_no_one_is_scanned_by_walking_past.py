"""Promise 6: the camera is closed until someone presses QR or face, and the screen says when it is not.

Where the site chose hands-free codes it is open, the screen says so, and the frames go to the code
reader alone (tests/gate_controller/lane/test_hands_free.py shows that for the face detector).

A whole gate with a real camera of files, a real screen over HTTP, real bytes from readers. Shown for
QR here; the face sessions have their own tests. Does not cover: what the kernel or a camera's own
software does with a device that no program opened, a camera that is not Menjin's, or a changed program.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import qrcode

from gate_controller.contract.messages import FaceLease
from gate_controller.contract.records import FaceOfferRecord
from gate_controller.storage.disk_room import START_FILE
from gate_controller.sync.news import PolicyTaken
from hardware.interfaces import InputKind
from tests.promises.screen_visitor import TERMINAL, ScreenVisitor, at_the_screen
from tests.promises.watched_camera import camera_of, wait_until, watching
from tests.support.compounds.people import Phone, card, person, pin, qr, records
from tests.support.gates.asking import (
    CONSENT,
    ME,
    MY_CARD,
    ask,
    gate_with_face,
    person_at,
    policy_of,
    read_on,
)
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import PATIENCE_SECONDS, until

PHONE = Phone()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    (tmp_path / "pictures").mkdir()
    with bench_gate(tmp_path, more=TERMINAL.format(root=tmp_path)) as gate:
        gate.give_policy(records(person(), card(7, CARD_KEY), pin("482915", PIN_KEY), qr(PHONE)))
        yield gate


def looks_under_way(bench: BenchGate) -> int:
    assert bench.gate is not None
    return bench.gate.controller._parts.desks[LANE].camera.looks


def put_picture(bench: BenchGate, text: str) -> None:
    part = bench.root / "pictures" / "shown.part"
    with part.open("wb") as file:
        qrcode.make(text).save(file, "PNG")
    part.rename(part.with_suffix(".png"))


def test_no_tap_key_door_or_press_but_qr_opens_the_camera(tmp_path: Path) -> None:
    """The camera's folder is missing, so that each try to open it leaves one alarm that can be counted."""
    with bench_gate(tmp_path, more=TERMINAL.format(root=tmp_path)) as bench:
        bench.give_policy(records(person(), card(7, CARD_KEY), pin("482915", PIN_KEY)))
        bench.start()
        with at_the_screen(bench) as visitor:
            walk_past_and_use_every_other_way(bench, visitor)
            visitor.press("method", method="qr")
            wait_for_entries(bench, "alarm_camera")
        kinds = [entry.kind for entry in bench.entries()]
    assert kinds.count("alarm_camera") == 1
    assert kinds.index("alarm_camera") == max(i for i, kind in enumerate(kinds) if kind != "no_entry")


def walk_past_and_use_every_other_way(bench: BenchGate, visitor: ScreenVisitor) -> None:
    bench.card.tap(7)
    bench.card.tap(8)
    bench.keys.type("31203#482915#")
    bench.keys.type("31203#111999#*")
    bench.scanner.scan("HELLO")
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
    bench.inputs.set(LANE, InputKind.EXIT_BUTTON, True)
    for act in ("help", "slower", "confirm", "decline", "own_face", "forgot_card", "cancel"):
        visitor.press(act)
    visitor.press("language", language="zh")
    for method in ("card", "pin", "face"):
        visitor.press("method", method=method)
    for key in "31203#482915#":
        visitor.press("key", key=key)
    wait_for_entries(bench, "exit_request")
    wait_for_decisions(bench, 3)  # of the two cards and of HELLO; half-typed digits may be taken away by them
    assert bench.gate is not None
    bench.gate.controller._parts.hasher.submit(lambda: None).result()
    bench.handled()


def test_the_screen_says_the_camera_is_open_from_the_press_to_the_end(bench: BenchGate) -> None:
    bench.start()
    camera = camera_of(bench)
    assert not camera.is_open
    with at_the_screen(bench) as visitor:
        visitor.press("method", method="qr")
        wait_until(camera, is_open=True)
        visitor.wait_for(screen="show_code", camera="codes_only")
        visitor.press("cancel")
        wait_until(camera, is_open=False)
        visitor.wait_for(screen="idle", camera="closed")


def test_a_code_before_the_camera_opens_the_lane_and_ends_the_look(bench: BenchGate) -> None:
    bench.start()
    camera = camera_of(bench)
    with at_the_screen(bench) as visitor:
        visitor.press("method", method="qr")
        wait_until(camera, is_open=True)
        put_picture(bench, PHONE.code(bench.time.second()))
        bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
        visitor.wait_for(screen="granted", camera="closed")
        assert not camera.is_open
    assert bench.decisions() == [("qr", "granted", True)]


def test_a_second_press_never_shows_closed_while_the_camera_looks_on(bench: BenchGate) -> None:
    """The first look ends after the second has begun; its end must not take the second one's sign away."""
    bench.start()
    camera = camera_of(bench)
    with at_the_screen(bench) as visitor:
        for _ in range(3):
            visitor.press("method", method="qr")
            wait_until(camera, is_open=True)
        until(lambda: looks_under_way(bench) == 1)
        bench.handled()
        shown = visitor.wait_for(screen="show_code")
        assert (camera.is_open, shown["camera"]) == (True, "codes_only")
        visitor.press("cancel")
        visitor.wait_for(screen="idle", camera="closed")
        wait_until(camera, is_open=False)


def test_a_camera_without_a_picture_leaves_card_and_keypad_working(bench: BenchGate) -> None:
    bench.start()
    with at_the_screen(bench) as visitor:
        visitor.press("method", method="qr")
        visitor.wait_for(screen="show_code")
        assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7))


def test_no_picture_is_kept_after_a_look(bench: BenchGate) -> None:
    bench.start()
    with at_the_screen(bench) as visitor:
        before = {path for path in bench.root.rglob("*") if path.is_file()}
        visitor.press("method", method="qr")
        put_picture(bench, "NOT A CODE OF OURS")
        visitor.wait_for(screen="refused")
    after = {path for path in bench.root.rglob("*") if path.is_file()}
    kept = bench.root / "data" / START_FILE  # zeros, kept for a start on a full disk
    assert [path for path in after - before - {kept} if path.suffix != ".png"] == []
    picture = (bench.root / "pictures" / "shown.png").read_bytes()
    for path in (bench.root / "data").rglob("*"):
        assert picture[100:140] not in path.read_bytes()


def test_a_site_that_reads_codes_hands_free_says_so_for_as_long_as_the_camera_is_open(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    more = TERMINAL.format(root=tmp_path).replace(
        'kind = "folder"', 'kind = "folder"\nhands_free_codes = true'
    )
    with bench_gate(tmp_path, more=more) as bench:
        bench.give_policy(records(person(), card(7, CARD_KEY), pin("482915", PIN_KEY), qr(PHONE)))
        bench.start()
        camera = camera_of(bench)
        with at_the_screen(bench) as visitor:
            wait_until(camera, is_open=True)
            visitor.wait_for(screen="idle", camera="codes_only")
            shown_before = len(visitor.views)
            walk_past_and_use_every_other_way(bench, visitor)
            visitor.press("method", method="qr")
            visitor.press("cancel")
            put_picture(bench, PHONE.code(bench.time.second()))
            visitor.wait_for(screen="granted")
            assert {view["camera"] for view in visitor.views[shown_before:]} == {"codes_only"}
            assert camera.is_open
        assert not camera.is_open


def test_no_frame_is_taken_before_the_notice_was_read_and_the_own_card_was_shown(tmp_path: Path) -> None:
    """A person who is asked about their face turns pages, switches language, presses yes: no camera opens.

    It opens when, and only when, the same card was shown once more and the office's word is there.
    """
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench) as visitor, watching(camera_of(bench)) as seen_open:
            ask(bench, visitor)
            read_on(visitor)
            visitor.press("key", key="*")
            visitor.press("language", language="zh")
            read_on(visitor)
            visitor.press("language", language="en")
            read_on(visitor)
            for _ in range(3):
                visitor.press("confirm")
            visitor.wait_for(screen="face_confirm")
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_office")
            bench.handled()
            assert bench.gate is not None
            # A look that was begun would be over, or open, before the lane's worker is free.
            bench.gate.controller._parts.faces._workers[LANE].submit(lambda: None).result()
            assert True not in seen_open
            the_office_agrees(bench)
            wait_until(camera_of(bench), is_open=True)
            visitor.wait_for(screen="face_enrol", camera="looking")
            visitor.press("cancel")
            wait_until(camera_of(bench), is_open=False)
        assert {view["camera"] for view in visitor.views if view["screen"] != "face_enrol"} <= {
            "closed",
            "looking",
        }


def the_office_agrees(bench: BenchGate) -> None:
    """Bring lease and consent, as the answer to the gate's next question does."""
    gate = bench.gate
    assert gate is not None
    assert gate.face is not None
    snapshot = gate.controller._state.snapshot
    assert snapshot is not None
    lease = FaceLease(person_id=ME, consent_id=CONSENT.consent_id, share=bytes(32), seconds=3600)
    gate.controller._parts.keeper.take_leases([lease], gate.face._boot_seconds())
    gate.inbox.put(PolicyTaken(dataclasses.replace(snapshot, face_roster={ME: CONSENT}, face_offers={})))
