"""Two walks through the code stay short: a card until its relay, and a person's yes to face."""

import sys
import threading
from pathlib import Path

from tests.support.acting import add_lane, by_phone, household, offer_face
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CARD_KEY, bench_gate
from tests.support.walks import Walk
from web_admin.action.base import Action
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import give_face_consent

MOST_FILES = 20
MOST_RETURNS = 12


def test_a_card_until_its_relay(tmp_path: Path) -> None:
    bytes_come = ("hardware/readers/cards.py", "take")
    into_the_queue = ("gate_controller/lane/read_floods.py", "take")
    out_of_the_queue = ("gate_controller/control/presentations.py", "card_read")
    bytes_go = ("hardware/lines/serial.py", "write")
    walk = Walk(frozenset({bytes_come, into_the_queue, out_of_the_queue}), end=bytes_go)
    with bench_gate(tmp_path) as bench:
        bench.give_policy(records(person(), card(7, CARD_KEY)))
        threading.setprofile(walk.profile)
        try:
            bench.start()
        finally:
            threading.setprofile(None)  # type: ignore[arg-type]  # typeshed forgets that None ends it
        assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.card.tap(7))
    assert walk.files()[0] == "hardware/lines/serial_reader.py"
    assert walk.files()[-1] == "hardware/lines/serial.py"
    assert len(walk.files()) <= MOST_FILES, walk.files()
    assert len(walk.returns()) <= MOST_RETURNS, walk.returns()


def test_a_yes_to_face(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, resident = household(act)
    issue_card(act, resident.person_id, 77)
    phone = by_phone(act, resident.person_id)
    walk = Walk(frozenset({("web_admin/face/actions.py", "give_face_consent")}))
    before = sys.getprofile()
    sys.setprofile(walk.profile)
    try:
        give_face_consent(phone, resident.person_id, 1, "zh")
    finally:
        sys.setprofile(before)
    assert "web_admin/custody/shares.py" in walk.files(), "a yes makes the halves of the key"
    assert len(walk.files()) <= MOST_FILES, walk.files()
    assert len(walk.returns()) <= MOST_RETURNS, walk.returns()
