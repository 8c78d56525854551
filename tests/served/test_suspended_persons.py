"""Suspending a person on the whole: whatever they hold or gave away stops at a real gate, by real bytes."""

import secrets
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import pytest

from gate_controller.contract.passes import make_online_code
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.matching.template_store import (
    SqliteFaceBlobs,
    TemplatePlace,
    open_face_file,
    seal_template,
)
from tests.promises.screen_visitor import TERMINAL, at_the_screen
from tests.served.gates_beside import ASK_AGAIN_SECONDS, GateBeside
from tests.served.served_compound import ServedCompound
from tests.support.compounds.desk import CARD_OF_WANG, give_pins
from tests.support.compounds.people import Phone
from tests.support.faces.marked import AlwaysLive, MarkedEngine, face_vector, marked_frames
from tests.support.gates.bench import BenchGate
from tests.support.gates.waiting import until
from tests.support.gates.with_server import gate_beside
from web_admin.action.lookups import person_of
from web_admin.compound.keys import private_key
from web_admin.compound.models import Gate, Site
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.cards import issue_card
from web_admin.credentials.phones import (
    ensure_online_qr,
    issue_printed_code,
    printed_code,
    register_phone_key,
)
from web_admin.custody.leases import leases_for
from web_admin.face.actions import give_face_consent
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.visitors.actions import issue_pass, issue_visitor_code
from web_admin.visitors.weekly import issue_series, pass_due

NUMBER_OF_FACE = 161
STAFF_CARD = 4_300_000
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Shown = Callable[[], object]


@pytest.fixture
def gate(served: ServedCompound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The north gate beside the served compound, with a camera before which 王芳 is; nothing runs yet."""
    monkeypatch.setattr("gate_controller.face.part.engine_loader", lambda _section: MarkedEngine)
    root = tmp_path / "north"
    (root / "pictures").mkdir(parents=True)
    for at, frame in enumerate(marked_frames(NUMBER_OF_FACE, 3)):
        cv2.imwrite(str(root / "pictures" / f"{at}.png"), frame)
    with served.compound.act() as act:
        act.session.get_one(Site, act.site_id).ask_again_seconds = ASK_AGAIN_SECONDS
        save_lane(act, "north", LaneSpec("north-in", "北门进", "in", ("card", "pin", "qr", "face")))
    more = TERMINAL.format(root=root) + "\n[face]\nenabled = true\n"
    with gate_beside(served.compound, served.address, root, more=more) as bench:
        yield GateBeside(bench, "north", served)


def keep_a_face(served: ServedCompound, bench: BenchGate, person_id: str) -> None:
    """Say yes on the phone, and put the template where the gate would after looking."""
    with served.compound.act("phone", person_id) as act:
        give_face_consent(act, person_id, 1, "zh")
    with served.compound.act() as act:
        (lease,) = leases_for(act.session, act.sealer, act.session.get_one(Gate, "north"))
        blob = seal_template(
            face_vector(NUMBER_OF_FACE),
            place=TemplatePlace(act.site_id, "north", b"f" * 32),
            person_id=person_id,
            consent_id=lease.consent_id,
            engine=YUNET_SFACE_CARD.template_kind,
            share=lease.share,
        )
    with closing(open_face_file(bench.root / "data" / "faces.sqlite3", datetime.now(UTC))) as connection:
        SqliteFaceBlobs(connection).save(blob)


def all_ways_of(served: ServedCompound, bench: BenchGate, person_id: str) -> dict[str, Shown]:
    """Give a person each way there is, and to visitors what they can give; return how each is shown."""
    pins, phone = give_pins(served.compound), Phone()
    scan, keys = bench.scanner.scan, bench.keys
    with served.compound.act("manager") as act:
        site_id, home_id = act.site_id, person_of(act, person_id).home_id
        assert home_id is not None
        phone.site_id = site_id
        phone.credential_id = register_phone_key(act, person_id, phone.public_key, "phone").credential_id
        online_id = ensure_online_qr(act, person_id).credential_id
        pass_key = private_key(act.session, act.sealer, site_id, "pass")
        paper = printed_code(act, issue_printed_code(act, person_id))
        of_home = {"home_id": home_id, "issuer_person_id": person_id, "lanes": ["north-in"]}
        codes = iter([issue_visitor_code(act, **of_home) for _ in range(2)])
        given = {"issuer_person_id": person_id, "gate_numbers": [1], "label": "客人"}
        passes = iter([issue_pass(act, uses=1, **given).text for _ in range(2)])
        series = issue_series(
            act,
            days=EVERY_DAY,
            starts_minute=0,
            ends_minute=24 * 60,
            last_day=act.now.date() + timedelta(days=30),
            **given,
        )
        visit = pass_due(act, series.series_id)
        assert visit is not None
        of_the_week = visit.text
        choose_methods(act, person_id, ("card", "pin", "qr"))
        issue_card(act, served.compound.persons["保安队长"], STAFF_CARD, label="")
    return {
        "card": lambda: bench.card.tap(int(CARD_OF_WANG)),
        "pin": lambda: keys.type(f"31203#{pins.usual}#"),
        "duress pin": lambda: keys.type(f"31203#{pins.duress}#"),
        "code of the phone": lambda: scan(phone.code(bench.time.second())),
        "code from the server": lambda: scan(
            make_online_code(pass_key, site_id, online_id, bench.time.second())
        ),
        "printed code": lambda: scan(paper),
        "visitor's code": lambda: keys.type(f"31203#{next(codes)}#"),
        "visit of a weekly pass": lambda: scan(of_the_week),
        # After it: for some seconds a gate takes the code that opened last for the same showing.
        "pass for one visit": lambda: scan(next(passes)),
        "staff card": lambda: bench.card.tap(STAFF_CARD),
    }


def suspends(served: ServedCompound, *person_ids: str) -> None:
    """Suspend people on the manager's page."""
    manager = served.signed_in("manager")
    for person_id in person_ids:
        page = f"/manage/people/{person_id}"
        manager.get(page)
        until = (datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
        typed = {"reason": "moved_out", "until": until, "once": secrets.token_urlsafe(18)}
        answer = manager.post(f"{page}/suspend", typed)
        assert answer.status_code == 303, answer.text


@pytest.mark.wide
def test_nothing_of_a_suspended_person_opens_a_gate_that_knows(
    served: ServedCompound, gate: GateBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons, bench = served.compound.persons, gate.bench
    ways = all_ways_of(served, bench, persons["王芳"])
    keep_a_face(served, bench, persons["王芳"])
    face = bench.start().face
    assert face is not None
    assert face.wait_until_ready(60), face.load_error
    monkeypatch.setattr(face, "_make_liveness", AlwaysLive)
    with at_the_screen(bench) as visitor:
        ways["face"] = lambda: visitor.press("method", method="face")
        until(lambda: face.can_recognise(persons["王芳"]), lambda: "the gate was lent no share")
        before = {name: gate.answers(show) for name, show in ways.items()}
        suspends(served, persons["王芳"], persons["保安队长"])
        after = {name: gate.answers(show) for name, show in ways.items()}
    assert before == dict.fromkeys(ways, ("granted", True))
    assert after == dict.fromkeys(ways, ("person_suspended", False))
