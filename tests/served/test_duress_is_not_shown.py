"""The same history twice, with the usual PIN and with the duress PIN: no page shows which.

Signed batches of a gate go to the server as it is served. What residents, their home, installers, privacy
officers, strangers, other systems and messages receive has to be the same; those who answer alarms know.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import select, update

from tests.served.lost_server import empty_beside
from tests.served.served_compound import Browser, ServedCompound, serve_compound
from tests.served.signed_gate import SignedGate, signed_gate
from tests.served.what_is_shown import Alike, Read, differences, pages_within_reach, shown_by
from tests.served.yes_at_a_gate import live, newest, office
from tests.support.compounds.desk import read
from tests.support.compounds.managed import ManagedCompound
from tests.support.gates.waiting import until
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Person
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import choose_methods
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.queries import KINDS
from web_admin.face.queries import newest_notice
from web_admin.journal.models import GateEvent
from web_admin.messages.actions import add_webhook
from web_admin.messages.models import OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription
from web_admin.messages.texts import WEBHOOK_KINDS
from web_admin.people.invitations import invite

pytestmark = pytest.mark.wide

WANG, LEI = "王芳", "王磊"
SILENT = "alarm_duress"
OLDER_THAN_SETTLED = timedelta(minutes=2)
OF_A_RESIDENT = (
    "/r/",
    "/r/records",
    "/r/records/passages",
    "/r/records/lookups",
    "/r/records/export.json",
    "/r/records/export.html",
    "/r/face",
    "/r/home",
    "/r/messages",
    "/r/code",
    "/r/visitors",
    "/r/requests",
    "/r/records/delete",
)
OF_STRANGERS = (
    "/",
    "/report",
    "/privacy",
    "/privacy/register.json",
    "/policy/biometrics",
    "/healthz",
    "/api/v1/openapi.json",
)
PROBED = range(1, 16)


@dataclass
class Played:
    """A history that was played on a server of its own, and who reads there."""

    served: ServedCompound
    gate: SignedGate
    pin_id: str
    known: dict[str, str]
    phones: dict[str, Browser]
    keys: dict[str, str]
    begun: datetime


@contextmanager
def played(config: WebConfig, folder: Path, *, duress: bool) -> Iterator[Played]:
    """Serve a compound, let its home live through an evening, with one PIN or the other."""
    with serve_compound(config, folder, arranged=_keep_gates_in_contact) as served:
        history = _arranged(served, duress=duress)
        _evening(history, duress=duress)
        yield history


def _keep_gates_in_contact(compound: ManagedCompound) -> None:
    """Keep every gate in contact, however long the server's start and the evening take."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.execute(update(Gate).values(last_seen_at=datetime.now(UTC) + timedelta(days=1)))


def _arranged(served: ServedCompound, *, duress: bool) -> Played:
    persons = served.compound.persons
    wang, lei = persons[WANG], persons[LEI]
    gate = signed_gate(served)
    phones, keys, known = {}, {}, {wang: "wang", lei: "lei"}
    with office(served) as act:
        own = replace(act, channel="phone", actor_id=wang)
        choose_methods(own, wang, ("card", "pin", "qr"))
        issue_pin(own, wang)
        issue_duress_pin(own, wang)
        add_webhook(
            act,
            name="control room",
            url="http://127.0.0.1:9/",
            kinds=list(WEBHOOK_KINDS),
            local_ports=range(1, 65536),
        )
        for scope in SCOPES:
            made = make_api_key(act, name=scope, scopes=[scope], valid_until=act.now + timedelta(days=9))
            keys[scope] = made.text
        act.session.add(
            NotificationSubscription(
                person_id=wang,
                channel="mail",
                address="wang@example.org",
                kinds=["used", "card", "face"],
                confirmed_at=act.now,
            )
        )
        code = invite(act, wang)
    known[newest(served, wang, "pin")] = "usual PIN"
    known[newest(served, wang, "pin", duress=True)] = "duress PIN"
    phones[WANG] = served.browser()
    phones[WANG].get(f"/r/welcome/{code}")
    phones[WANG].post("/r/welcome", {"code": code})
    phones[WANG].get("/r/")
    phones[WANG].post("/r/at-gate", {})  # no card is shown: a PIN at the gate has to prove it
    phones[LEI] = served.resident(LEI)
    pin, begun = newest(served, wang, "pin", duress=duress), datetime.now(UTC)
    known[quote(begun.isoformat())] = "begun"
    return Played(served, gate, pin, known, phones, keys, begun)


def _evening(history: Played, *, duress: bool) -> None:
    served, gate = history.served, history.gate
    wang, lei = served.compound.persons[WANG], served.compound.persons[LEI]
    begun, moments = history.begun, (history.begun + timedelta(milliseconds=number) for number in range(3))
    personal = {"person_id": wang, "credential_id": history.pin_id}

    def shows(reason: str) -> None:
        at = next(moments)  # or chance would order what came at the same moment
        facts = {"lane_id": "north-in", "method": "pin", "opens": reason == "granted", "reason": reason}
        gate.writes("access", facts, personal, at)
        if duress:
            gate.writes(SILENT, {"lane_id": "north-in"}, personal, at)

    gate.writes("started", {}, {}, begun)
    gate.opens(lei, newest(served, lei, "card"), at=begun)
    shows("granted")
    gate.sends()
    shows("antipassback")
    gate.writes("antipassback_violated", {"lane_id": "north-in"}, {"person_id": wang}, begun)
    gate.writes("shown_for_face", {"lane_id": "north-in", "method": "pin"}, personal, begun)
    notice = read(served.compound, lambda s: newest_notice(s, FACE_PURPOSE, "zh"))
    gate.writes(
        "face_answer",
        {
            "lane_id": "north-in",
            "answer": "yes",
            "notice_version": notice.version,
            "notice_sha256": notice.sha256.hex(),
            "language": "zh",
            "shown_by": "pin",
        },
        personal,
        begun,
    )
    gate.sends()
    shows("granted")
    gate.writes("alarm_door_forced", {"lane_id": "north-in"}, {}, begun)
    gate.writes(
        "held_open",
        {"lane_id": "north-in", "by": "staff_card", "until": begun.isoformat()},
        {"person_id": served.compound.persons["保安队长"]},
        begun,
    )
    gate.opens(lei, newest(served, lei, "card"), at=begun)
    gate.sends()
    # Or a message would wait in one reading and be given up in the next: nothing takes it at that address.
    until(lambda: not _waiting(served), lambda: _waiting(served), patience=120.0)
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        earlier = datetime.now(UTC) - OLDER_THAN_SETTLED
        session.execute(update(GateEvent).values(received_at=earlier))
        # Or a gate would be in contact in one reading and not in the next, or fall silent while one reads.
        session.execute(update(Gate).values(last_seen_at=earlier + timedelta(days=1)))


def _waiting(served: ServedCompound) -> list[str]:
    waiting = select(OutboxMessage).where(OutboxMessage.state == "waiting")
    return read(served.compound, lambda s: [f"{row.channel} {row.kind}" for row in s.scalars(waiting)])


def everything_shown(history: Played) -> Read:
    """Read what the server shows to all who may not see silent alarms."""
    served, shown = history.served, Read()
    for name, phone in history.phones.items():
        shown |= _of(name, pages_within_reach(phone, OF_A_RESIDENT))
    shown |= _of("stranger", pages_within_reach(served.browser(), OF_STRANGERS))
    installer, officer = served.signed_in("installer"), served.signed_in("privacy_officer")
    shown |= _of("installer", pages_within_reach(installer, ("/manage/", "/manage/live/alarms")))
    narrowed = tuple(f"/manage/events/?kind={kind}" for kind in KINDS)
    shown |= _of("officer", pages_within_reach(officer, ("/manage/events/", *narrowed)))
    shown |= _of("officer", _looked_up(officer, served.compound.persons[WANG]))
    shown |= _of("officer", _probed(officer, history.begun))
    shown |= _of("system", _asked_by_systems(history))
    shown["messages"] = read(
        served.compound,
        lambda s: [
            f"{row.channel} {row.kind} {sorted(row.body.items())}"
            for row in s.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.kind))
        ],
    )
    return shown


def _of(who: str, found: Read) -> Read:
    return {f"{who} {path}": texts for path, texts in found.items()}


def _looked_up(officer: Browser, person_id: str) -> Read:
    path = f"/manage/events/person/{person_id}"
    found = Read()
    officer.get(path)
    found[f"POST {path}"] = [shown_by(officer.post(path, {"reason": "a complaint"}), officer.address)]
    for kind in ("", *KINDS):
        officer.get("/manage/events/")
        taken = officer.post("/manage/events/export", {"why": "the yearly review", "kind": kind})
        found[f"POST /manage/events/export {kind}"] = [shown_by(taken, officer.address)]
    return found


def _probed(officer: Browser, begun: datetime) -> Read:
    """Ask by the journal's own numbers, as links had them once."""
    at = quote(begun.isoformat())
    found = Read()
    for number in PROBED:
        who = officer.get(f"/manage/events/who/north/{number}?journal=north.1")
        rest = officer.get(f"/manage/events/?before={at}~north~{number}")
        found[f"who is {number}"] = [shown_by(who, officer.address)]
        found[f"events before {number}"] = [shown_by(rest, officer.address)]
    return found


def _asked_by_systems(history: Played) -> Read:
    wang, found = history.served.compound.persons[WANG], Read()
    paths = (
        "homes",
        "people",
        f"people/{wang}",
        f"people/{wang}/cards",
        "cards",
        "passes",
        "alarms",
        "alarms?open=false",
        "events",
        "events?limit=3",
        f"events?kind={SILENT}",
        "events?kind=access",
    )
    for scope, key in history.keys.items():
        for path in paths:
            answer = _call(history, "GET", path, key)
            texts = found[f"{scope} {path}"] = [shown_by(answer, history.served.address)]
            while answer.ok and path == "events?limit=3" and answer.json()["events"]:
                after = answer.json()["after"]
                answer = _call(history, "GET", f"{path}&after={after}", key)
                texts.append(shown_by(answer, history.served.address))
    silent = (
        read(
            history.served.compound,
            lambda s: s.scalars(select(Alarm.alarm_id).where(Alarm.kind == SILENT)).first(),
        )
        or "0123456789abcdef"
    )
    seen = _call(history, "POST", f"alarms/{silent}/acknowledge", history.keys["alarms:write"])
    found["acknowledge"] = [shown_by(seen, history.served.address)]
    return found


def _call(history: Played, method: str, path: str, key: str) -> requests.Response:
    body = {"json": {"note": "seen"}} if method == "POST" else {}
    return requests.request(
        method,
        f"{history.served.address}/api/v1/{path}",
        timeout=60,
        headers={"Authorization": f"Bearer {key}"},
        **body,
    )


def streamed_after(browser: Browser, work: Callable[[], None]) -> str:
    """Open the stream of a page, do something once it has sent its first mark, return what it sends then."""
    with browser.session.get(browser.address + "/manage/live/", stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(line for line in lines if line.startswith("data:"))
        work()
        return next(line for line in lines if line)


@pytest.fixture
def two_evenings(web_config: WebConfig, tmp_path: Path) -> Iterator[tuple[Played, Played]]:
    """Return the same evening with the usual PIN and with the duress PIN."""
    folder = tmp_path / "under_duress"
    folder.mkdir()
    beside = replace(
        web_config,
        database_url=empty_beside(web_config.database_url, folder),
        data_dir=folder,
        secrets_dir=folder / "secrets",
    )
    with ExitStack() as stack:
        usual = stack.enter_context(played(web_config, tmp_path, duress=False))
        yield usual, stack.enter_context(played(beside, folder, duress=True))


def test_only_those_who_answer_alarms_can_see_which_pin_was_typed(
    two_evenings: tuple[Played, Played],
) -> None:
    usual, duress = two_evenings
    begun = usual.begun - timedelta(minutes=5)
    shown = [everything_shown(one) for one in two_evenings]
    ended = datetime.now(UTC)
    alike = tuple(Alike(one.known, begun, ended) for one in two_evenings)
    assert len(shown[0]) > 150, "too little was read to say anything"
    found = differences(shown[0], shown[1], (alike[0], alike[1]))

    # Both evenings did what they say: the phone is believed, and a face was agreed to.
    for one in two_evenings:
        wang = one.served.compound.persons[WANG]
        assert read(one.served.compound, lambda s, wang=wang: s.get_one(Person, wang).phone_unproven) is None
        assert live(one.served, wang) == 1
    # Who answers silent alarms sees it, and putting it away moves nothing on other pages.
    for role in ("guard", "manager"):
        staff = duress.served.signed_in(role)
        assert "data-silent" in staff.get("/manage/alarms/").text
        assert "Someone may be under threat" in staff.get("/manage/events/").text
    assert "data-silent" not in usual.served.signed_in("guard").get("/manage/alarms/").text
    said = streamed_after(duress.served.signed_in("installer"), lambda: _put_away(duress.served))
    if said != ": quiet":
        found.append(f"an installer's open page is sent {said!r} when a silent alarm was seen")
    assert not found, "\n".join(found)


def _put_away(served: ServedCompound) -> None:
    with office(served) as act:
        act.session.execute(update(Alarm).where(Alarm.kind == SILENT).values(acknowledged_at=act.now))
