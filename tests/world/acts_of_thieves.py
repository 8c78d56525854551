"""What thieves of gates do with a key, and what staff and guards try that is not theirs."""

from collections import Counter

import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from gate_controller.contract.messages import (
    ASK_PATH,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    Accepted,
    AskReply,
    AskRequest,
    ForgetReceipt,
    ReceiptBatch,
    SignedReceipt,
    sign_struct,
)
from gate_controller.sync.link import ServerLink, SyncRefused
from tests.support.acting import NOTICE
from tests.support.compounds.resident import csrf_of
from tests.support.permission_matrix import MAY, OWN
from tests.world.acts_at_gates import gate_of
from tests.world.acts_of_people import live_credential, person_of
from tests.world.cell import DONE
from tests.world.gate import WorldGate
from tests.world.network import ThiefsWire
from tests.world.plan import Step
from tests.world.server_state import ServerState
from tests.world.world import World
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import disable_face
from web_admin.face.notices import publish_notice
from web_admin.people.actions import set_may_override

COUNTERS = (1, 1, 2, 40, -3, -30, 5_000)
"""By how much a thief's counter is ahead of the gate's last one."""


def thiefs_link(world: World, gate: WorldGate, ahead: int) -> ServerLink:
    """Return the link of a machine that has a gate's key."""
    counter = max(1, gate.store._counter + ahead)
    link = ServerLink("https://menjin.example", None, gate.gate_id, gate.secrets.key, lambda: counter)
    link._session = ThiefsWire(world.network)  # type: ignore[assignment]  # what `requests` would be
    return link


def ask_as_gate(world: World, step: Step) -> str:
    """Ask for everything with a copied key."""
    gate = gate_of(world, step.first)
    sealing = X25519PrivateKey.generate().public_key().public_bytes_raw()
    question = AskRequest(
        have_epoch=0,
        have_version=0,
        gate_time=world.now,
        clock_sure=True,
        journal_seq=0,
        sealing_public_key=sealing,
    )
    link = thiefs_link(world, gate, COUNTERS[step.second % len(COUNTERS)])
    world.facts.copied_keys.add(gate.gate_id)
    try:
        link.post(ASK_PATH, question, AskReply)
    except SyncRefused as err:
        return f"{gate.gate_id} {str(err).partition(':')[0]}"
    except requests.RequestException as err:
        return f"{gate.gate_id} {type(err).__name__}"
    return f"{gate.gate_id} answered"


def forge_receipt(world: World, step: Step) -> str:
    """Let a gate that was taken over sign for another one, or send what another one signed as its own."""
    own, other = gate_of(world, step.first), gate_of(world, step.first + 1 + step.second % 2)
    about, signer = (other, own) if step.second % 4 < 2 else (own, other)
    consents = sorted(world.server.consents.items())
    consent_id, consent = consents[step.dice % len(consents)]
    receipt = ForgetReceipt(
        site_id=world.cell.site_id,
        gate_id=about.gate_id,
        person_id=consent.person_id,
        consent_id=consent_id,
        forgotten_at=world.now,
        blob_found=True,
        journal_seq=1,
    )
    body, signature = sign_struct(signer.secrets.key, RECEIPT_DOMAIN, receipt)
    batch = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    said = f"{own.gate_id} sends one about {about.gate_id} signed by {signer.gate_id}"
    try:
        own.sync._link.post(RECEIPTS_PATH, batch, Accepted)
    except (SyncRefused, requests.RequestException) as err:
        return f"{said}: {type(err).__name__}"
    return said


# -- staff who misuse their role -------------------------------------------------------------------


UNKNOWN_ID = "0123456789abcdef"


def of_the_office(server: ServerState) -> tuple[object, ...]:
    """Return what no refused act may change."""
    return (server.lanes, server.persons, server.grants, server.credentials, server.consents, server.gates)


PAGES_APART = 4
"""A guard tries each fourth page in one step: with one page, hardly a history would meet a right too many."""


def guard_at_pages(world: World, step: Step) -> str:
    """Let a guard send a form to a fourth of the pages that are not the guards'."""
    routes = [
        rule
        for rule in sorted(world.cell.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
        if "POST" in (rule.methods or ()) and set(MAY.get(rule.endpoint, "G")) <= set("MIP")
    ]
    client = world.cell.staff("guard")
    token = csrf_of(client.get("/privacy").text)
    tried = routes[step.first % PAGES_APART :: PAGES_APART]
    answers = Counter(_send_as_guard(world, step, client, token, rule) for rule in tried)
    return f"from {tried[0].endpoint} on {sorted(answers.items())}"


def _send_as_guard(world: World, step: Step, client: FlaskClient, token: str, rule: Rule) -> int:
    words = {"person": person_of(world, step), "own_card": live_credential(world, person_of(world, step), 0)}
    ids = {}
    for name in rule.arguments:
        own = OWN.get(f"{rule.endpoint}.{name}", OWN.get(name, UNKNOWN_ID))
        ids[name] = words.get(own, own) or UNKNOWN_ID
    path = world.cell.app.url_map.bind("localhost").build(rule.endpoint, ids, "POST")
    before = of_the_office(world.server)
    answer = client.post(path, data={"csrf_token": token, "may_override": "y", "sure": "y"})
    # After a restore every account of the staff is closed.
    closed = answer.status_code == 302 and answer.location.startswith("/staff/sign-in")
    if answer.status_code != 403 and not closed:
        world.breaches.append(f"a guard was let in at {rule.endpoint}: {answer.status_code}")
    if of_the_office(world.server) != before:
        world.breaches.append(f"a guard changed something at {rule.endpoint}")
    return answer.status_code


def desk_act(world: World, step: Step) -> str:
    """Let staff at the desk try what only the office may."""
    person_id = world.has.person_ids[-1 - step.first % 2]
    tries = (
        ("give the right to override", lambda act: set_may_override(act, person_id, True)),
        ("publish a notice", lambda act: publish_notice(act, FACE_PURPOSE, NOTICE)),
        ("switch face off", disable_face),
    )
    name, act = tries[step.second % len(tries)]
    came = world.cell.do(act, "desk", "guard-1", "guard")
    if came == DONE:
        world.breaches.append(f"a guard at the desk could {name}")
    return f"{name} {came}"
