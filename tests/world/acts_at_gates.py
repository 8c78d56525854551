"""What happens at gates: turns with the server, and what people show, type, press and open there."""

from datetime import timedelta

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.passes import RESIDENT_DOMAIN, code_text, resident_code_body, signed_message
from gate_controller.contract.records import Method
from gate_controller.control.messages import Message, ScreenAction
from gate_controller.terminal.view import MethodPressed
from hardware.interfaces import CardRead, CodeRead, InputChange, InputKind, KeyPress
from tests.world.chance import phone_key
from tests.world.facts import CameIn, Shown
from tests.world.first_day import GATES
from tests.world.gate import WorldGate
from tests.world.plan import Step
from tests.world.signing_phone import raw_signature
from tests.world.world import World


def gate_of(world: World, number: int) -> WorldGate:
    return world.gates[GATES[number % len(GATES)]]


def lane_of(gate: WorldGate, number: int) -> str:
    """Return one of a gate's lanes."""
    return gate.lanes[number % len(gate.lanes)]


def turn(world: World, step: Step) -> str:
    """Let a gate talk with the server."""
    gate = gate_of(world, step.first)
    gate.turn()
    world.breaches += [f"a turn of gate {gate.gate_id} failed by {one}" for one in gate.sync.faults()]
    return f"{gate.gate_id} online={gate.sync._online}"


def tick(world: World, step: Step) -> str:
    """Let time pass at a gate."""
    gate = gate_of(world, step.first)
    gate.tick()
    return gate.gate_id


def show(
    world: World,
    gate: WorldGate,
    lane_id: str,
    messages: list[Message],
    method: str,
    credential_ids: tuple[str, ...],
    *,
    text: str = "",
    uses: int = 0,
    issuer_id: str = "",
) -> str:
    """Let a lane's reader report, and note what the gate made of it."""
    before = gate.journal.head[0]
    at = gate.clock.now()
    sure = gate.clock.is_sure
    gate.tick()
    released = frozenset(one for one, lock in gate.locks.items() if lock.is_on)
    person_id = holder_of(world, credential_ids) if method == "card" else ""
    was_inside = is_inside_for_sure(world, gate, person_id)
    for message in messages:
        gate.handle(message)
    entries = [one for one in gate.journal.entries_after(before, 100) if one.kind == "access"]
    opened = any(entry.facts["opens"] for entry in entries)
    if opened and text and method == "qr":
        world.facts.codes_opened[gate.gate_id, text] += 1
    if opened and uses:
        world.facts.passes_opened[gate.gate_id, credential_ids[0]] += 1
    reasons = tuple(str(entry.facts["reason"]) for entry in entries)
    world.shown = Shown(
        gate.gate_id,
        lane_id,
        method,
        credential_ids,
        opened,
        bool(entries),
        sure,
        at,
        text,
        uses,
        issuer_id,
        released,
        reasons,
        was_inside,
    )
    if opened and person_id:
        note_passage(world, gate, lane_id, person_id)
    return f"{lane_id} {method} {' '.join(credential_ids)} opened={opened} {' '.join(reasons)}"


# -- who is inside, by what the metal and the tables say ---------------------------------------------


def holder_of(world: World, credential_ids: tuple[str, ...]) -> str:
    """Return whose card this is, "" where its number was given out more than once."""
    known = world.server.credentials
    holders = {known[one].person_id for one in credential_ids if one in known}
    return holders.pop() if len(holders) == 1 and len(credential_ids) == 1 else ""


def is_inside_for_sure(world: World, gate: WorldGate, person_id: str) -> bool:
    """Return whether a person came in here by a lane that counts, and nothing since may have undone it."""
    came = world.facts.came_in.get((gate.gate_id, person_id))
    if came is None or (came.life, came.wall_ahead) != (gate.lives, gate.wall_ahead):
        return False
    # Within a minute it is the same passage; after twelve hours a gate forgets who came in.
    since = world.now - came.at
    return gate.sync._online and timedelta(minutes=1) < since < timedelta(hours=11)


def note_passage(world: World, gate: WorldGate, lane_id: str, person_id: str) -> None:
    """Note who was let in or out; where a door's contact was seen, the door counts, and no one is noted."""
    place = (gate.gate_id, person_id)
    rules = world.facts.rules.get(gate.gate_id, {}).get(gate.store.have)
    world.facts.came_in.pop(place, None)
    counts = rules is not None and lane_id in rules.lanes and rules.lanes[lane_id].antipassback != "off"
    if counts and lane_id.endswith("-in") and lane_id not in world.doors_moved:
        world.facts.came_in[place] = CameIn(world.now, gate.lives, gate.wall_ahead)


def tap_card(world: World, step: Step) -> str:
    """Hold any card that was ever given out to a reader, by its holder or by who found it."""
    cards = [(n, ids) for n, ids in sorted(world.has.credentials_of_card.items())]
    number, ids = cards[step.first % len(cards)]
    gate = gate_of(world, step.second)
    return _tap(world, gate, lane_of(gate, step.dice), number, ids)


def _tap(world: World, gate: WorldGate, lane_id: str, number: int, ids: list[str]) -> str:
    read = CardRead(f"card-{lane_id}", number, 32, 0)
    return show(world, gate, lane_id, [read], "card", tuple(ids))


def come_back(world: World, step: Step) -> str:
    """Hold the card of someone who came in to a reader of that gate: to go, or passed on over the fence."""
    known = world.server.credentials
    cards = [
        (gate_id, number, ids)
        for gate_id, person_id in sorted(world.facts.came_in)
        for number, ids in sorted(world.has.credentials_of_card.items())
        if any(one in known and known[one].person_id == person_id for one in ids)
    ]
    if not cards:
        return "no one is inside"
    gate_id, number, ids = cards[step.first % len(cards)]
    gate = world.gates[gate_id]
    return _tap(world, gate, lane_of(gate, step.dice), number, ids)


def type_pin(world: World, step: Step) -> str:
    """Type a home's number and the PIN that a person was given last, or a wrong one."""
    people = sorted(world.has.pins)
    person_id = people[step.first % len(people)]
    credential_id, pin = world.has.pins[person_id]
    wrong = step.dice % 4 == 0
    digits = f"{(int(pin) + 111_111) % 1_000_000:06d}" if wrong else pin
    gate = gate_of(world, step.second)
    lane_id = lane_of(gate, step.dice)
    home = world.has.homes[world.has.person_ids.index(person_id)]
    keys = "".join(c for c in home if c.isdigit()) + "#" + digits + "#"
    messages: list[Message] = [KeyPress(f"keys-{lane_id}", key, 0) for key in keys]
    ids = () if wrong else (credential_id,)
    return show(world, gate, lane_id, messages, "pin", ids)


def show_code(world: World, step: Step) -> str:
    """Show a phone's code: a new one, or one that was filmed when it was shown before."""
    phones = sorted(world.has.phones)
    gate = gate_of(world, step.second)
    lane_id = lane_of(gate, step.dice)
    if step.dice % 3 == 0 and world.texts_shown:
        credential_id, text = world.texts_shown[-1 - step.first % min(3, len(world.texts_shown))]
    else:
        number, credential_id = world.has.phones[phones[step.first % len(phones)]]
        body = resident_code_body(credential_id, int(world.now.timestamp()))
        message = signed_message(RESIDENT_DOMAIN, world.cell.site_id, body)
        text = code_text(body, raw_signature(phone_key(number), message))
        world.texts_shown.append((credential_id, text))
    read = CodeRead(f"scan-{lane_id}", text, 0)
    # The signature differs each time: what is counted is the credential and its second.
    place = next(i for i, (_id, shown) in enumerate(world.texts_shown) if shown == text)
    return show(world, gate, lane_id, [read], "qr", (credential_id,), text=f"code {place}")


def show_pass(world: World, step: Step) -> str:
    """Show a visitor's pass, withdrawn ones too."""
    if not world.has.passes:
        return "no pass"
    pass_id, text, uses, issuer_id = world.has.passes[step.first % len(world.has.passes)]
    gate = gate_of(world, step.second)
    lane_id = lane_of(gate, step.dice)
    read = CodeRead(f"scan-{lane_id}", text, 0)
    return show(world, gate, lane_id, [read], "pass", (pass_id,), uses=uses, issuer_id=issuer_id)


def press_exit(world: World, step: Step) -> str:
    """Press the button of a way out and let it go: the lock is wired to it, and the gate only sees."""
    gate = gate_of(world, step.first)
    lane_id = lane_of(gate, step.second)
    gate.tick()  # a lane that staff hold open is released again by the time that passed, and by no button
    before, pulses = gate.journal.head[0], sum(len(lock.pulses) for lock in gate.locks.values())
    for active in (True, False):
        gate.handle(InputChange("board", lane_id, InputKind.EXIT_BUTTON, active, 0, "1"))
    # Anyone may have left by it, so the gate counts no one as inside.
    for place in [one for one in world.facts.came_in if one[0] == gate.gate_id]:
        del world.facts.came_in[place]
    kinds = [entry.kind for entry in gate.journal.entries_after(before, 10)]
    if "exit_request" not in kinds:
        world.breaches.append(f"a press of the exit button of {lane_id} was not recorded: {kinds}")
    if sum(len(lock.pulses) for lock in gate.locks.values()) > pulses:
        world.breaches.append(f"the exit button of {lane_id} released its lock by the gate's order")
    return f"{lane_id} {kinds}"


def move_door(world: World, step: Step) -> str:
    """Open and shut a door."""
    gate = gate_of(world, step.first)
    lane_id = lane_of(gate, step.second)
    world.doors_moved.add(lane_id)
    before = gate.journal.head[0]
    for active in (True, False):
        gate.handle(InputChange("board", lane_id, InputKind.DOOR_OPEN, active, 0, "1"))
    return f"{lane_id} {[entry.kind for entry in gate.journal.entries_after(before, 10)]}"


def enrol(world: World, step: Step) -> str:
    """Have the face taken of someone who asked for it at a gate."""
    number = step.first % len(world.has.person_ids)
    gate = gate_of(world, step.second)
    result = gate.enrol(world.has.person_ids[number], number)
    return f"{gate.gate_id} person {number} {result.reason}"


def look_for_face(world: World, step: Step) -> str:
    """Press face at a gate and stand before its camera: someone who gave a yes, or a stranger to the gate."""
    number = step.first % len(world.has.person_ids)
    gate = gate_of(world, step.second)
    lane_id = f"{gate.gate_id}-in"
    gate.camera.show(number)
    world.facts.face_pressed[lane_id] = world.now
    press = ScreenAction(lane_id, MethodPressed(Method.FACE))
    return show(world, gate, lane_id, [press], "face", (world.has.person_ids[number],))


def withdraw_at_gate(world: World, step: Step) -> str:
    """Take one's face back at the screen of a gate, also offline."""
    gate = gate_of(world, step.second)
    roster = sorted(gate.sync._roster.items())
    if not roster:
        return "no face"
    person_id, record = roster[step.first % len(roster)]
    facts = {
        "lane_id": gate.lanes[0],
        "answer": "withdraw",
        "notice_version": 1,
        "notice_sha256": "",
        "language": "en",
        "shown_by": "card",
    }
    whose = {"person_id": person_id, "consent_id": record.consent_id}
    gate._recorder.record(EventKind.FACE_ANSWER, dict(facts), dict(whose))
    gate.keeper.withdraw(person_id, record.consent_id)
    world.facts.taken_back.add((gate.gate_id, record.consent_id))
    if any(look.consent_id == record.consent_id for look in gate.blobs.of_person(person_id)):
        world.breaches.append(f"gate {gate.gate_id} keeps a look of {person_id}, who took it back there")
    return f"{gate.gate_id} {person_id}"
