"""The promises and the findings of the security review, each as a pure function over what a step showed.

Each yields a sentence for what is broken and nothing where all is well. They are checked after every
step.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec

from gate_controller.contract.journal_chain import ChainBroken, verify_chain
from gate_controller.contract.messages import (
    MAX_LEASE_SECONDS,
    ForgetReceipt,
    SignedReceipt,
    open_receipt,
)
from gate_controller.contract.signing import SignatureRefused
from gate_controller.lane.state import ASK_SECONDS
from tests.support.faces.marked import marks_of_face
from tests.world.facts import Facts
from tests.world.first_day import PEOPLE
from tests.world.opening import (
    a_face_opens_only_beside_another_way,
    a_gate_opens_for_whom_its_rules_allow,
    a_gate_would_open_for_whom_its_rules_allow,
    a_neighbour_that_is_released_keeps_a_lane_shut,
    who_is_inside_comes_in_once,
)

Invariant = Callable[[Facts], Iterator[str]]
MARKS = {
    mark: f"{form} of face {number}"
    for number in range(PEOPLE)
    for form, mark in marks_of_face(number).items()
}
MAX_AGE_DAYS = 29


def face_is_never_the_only_way(facts: Facts) -> Iterator[str]:
    """Promise 1: of a lane, at a gate, and of a person."""
    for gate_id, gate in facts.gates.items():
        for lane_id in gate.face_only_lanes:
            yield f"gate {gate_id}: lane {lane_id} offers face alone"
        for person_id in gate.faces_without_other_way:
            yield f"gate {gate_id}: face is the only way of person {person_id}"
    server = facts.server
    working = {
        row.person_id
        for row in server.credentials.values()
        if row.state == "active"
        and row.kind in server.persons[row.person_id].methods
        and (row.end is None or row.end > facts.now)
    }
    for person_id in server.live_consents():
        person = server.persons[person_id]
        if "face" in person.methods and person.paused is None and person_id not in working:
            yield f"person {person_id} has face and no other way, and it is not paused"


def a_code_opens_once_at_a_gate(facts: Facts) -> Iterator[str]:
    """Promise 8, threat model: a renewing code once at each gate, a counted pass as often as it says."""
    for (gate_id, text), count in facts.codes_opened.items():
        if count > 1:
            yield f"gate {gate_id}: one code opened {count} times: {text}"
    shown = facts.shown
    if shown is not None and shown.uses:
        count = facts.passes_opened[shown.gate_id, shown.credential_id]
        if count > shown.uses:
            yield f"gate {shown.gate_id}: pass {shown.credential_id} opened {count} times of {shown.uses}"


def a_face_is_usable_only_with_live_consent(facts: Facts) -> Iterator[str]:
    """Promise 3: lent by the last answer, younger than 72 hours, and neither reboot nor tampering since."""
    for gate_id, gate in facts.gates.items():
        lent = facts.lent.get(gate_id)
        for person_id in sorted(gate.usable_faces):
            if lent is None or person_id not in lent.consents:
                yield f"gate {gate_id}: the face of {person_id} is usable and was not lent"
            elif gate.boot_seconds - lent.at_boot_seconds >= MAX_LEASE_SECONDS:
                yield f"gate {gate_id}: the face of {person_id} is usable after its lease"
            elif gate.is_tampered:
                yield f"gate {gate_id}: the face of {person_id} is usable at a gate that was tampered with"


def no_share_is_left_without_consent(facts: Facts) -> Iterator[str]:
    """Promises 3 and 5: the server keeps a share exactly under a live consent of its person."""
    server = facts.server
    for (person_id, gate_id), consent_id in server.shares.items():
        consent = server.consents.get(consent_id)
        if consent is None or consent.is_withdrawn or not server.persons[person_id].is_here:
            yield f"a share of {person_id} for gate {gate_id} is left though {consent_id} ended"
        if server.gates[gate_id].state in ("stolen", "retired"):
            yield f"a share of {person_id} is left for gate {gate_id}, which is gone"
    for consent_id in sorted(facts.withdrawn):
        row = server.consents.get(consent_id)
        if row is not None and not row.is_withdrawn:
            yield f"consent {consent_id} ended and lives again"


def no_lease_goes_where_none_may(facts: Facts) -> Iterator[str]:
    """Threat model: none to a stolen, forked or tampered gate, none while a restore is under way."""
    for exchange, reply in facts.answers:
        gate = exchange.server.gates[exchange.gate_id]
        if reply.sealed_leases is msgspec.UNSET:
            continue
        if gate.state != "paired" or gate.is_forked or gate.is_tampered or exchange.server.restoring:
            yield f"gate {exchange.gate_id} was lent faces though it is {gate}"
        live = exchange.server.live_consents()
        for lease in reply.sealed_leases.leases:
            if live.get(lease.person_id) != lease.consent_id:
                yield f"gate {exchange.gate_id} was lent the face of {lease.person_id} without live consent"


def the_server_never_gets_a_face(facts: Facts) -> Iterator[str]:
    """Promise 4: no request holds a frame or a template in any form."""
    for body in facts.sent:
        for mark, what in MARKS.items():
            if mark in body:
                yield f"a request to the server holds the {what}"


def a_gate_that_heard_an_end_keeps_nothing(facts: Facts) -> Iterator[str]:
    """Promise 5: with the policy in which a consent ended, its looks are gone."""
    for gate_id, gate in facts.gates.items():
        for person_id, consent_id in sorted(gate.kept_faces):
            if (gate_id, consent_id) in facts.taken_back:
                yield f"gate {gate_id} keeps a look of {person_id} under {consent_id}, taken back there"
        row = facts.server.gates[gate_id]
        if facts.server.restoring or row.is_withheld or row.state != "paired":
            continue
        if gate.have != (facts.server.epoch, row.published_version):
            continue
        for person_id, consent_id in sorted(gate.kept_faces):
            if consent_id in facts.withdrawn:
                yield f"gate {gate_id} keeps a look of {person_id} under {consent_id}, which ended"


def a_receipt_is_the_gates_own(facts: Facts) -> Iterator[str]:
    """Promise 5: each is signed by the gate that had the face, about this gate and this consent."""
    before = facts.before.receipts if facts.before is not None else {}
    for (consent_id, gate_id), (body, signature) in facts.server.receipts.items():
        if before.get((consent_id, gate_id)) == (body, signature):
            continue
        keys = [facts.server.gates[gate_id].public_key, facts.server.forgettings.get((consent_id, gate_id))]
        if not any(_is_signed(body, signature, key) for key in keys if key):
            yield f"the receipt of gate {gate_id} for {consent_id} is signed by another key"
        receipt = msgspec.json.decode(body, type=ForgetReceipt)
        if (receipt.gate_id, receipt.consent_id) != (gate_id, consent_id):
            yield f"the receipt of gate {gate_id} for {consent_id} is about {receipt.gate_id}"


def _is_signed(body: bytes, signature: bytes, key: bytes) -> bool:
    try:
        open_receipt(SignedReceipt(receipt=body, signature=signature), key)
    except SignatureRefused:
        return False
    return True


def a_receipt_waits_until_it_is_answered(facts: Facts) -> Iterator[str]:
    """Promise 5: a gate sends a receipt until a server has answered that it has it."""
    for gate_id, gate in facts.gates.items():
        for consent_id in sorted(gate.sent_receipts):
            if (gate_id, consent_id) not in facts.answered_receipts:
                yield f"gate {gate_id} counts its receipt for {consent_id} as sent, and no server answered"


def the_camera_is_shut(facts: Facts) -> Iterator[str]:
    """Promise 6: it opens in a step in which a person asked for it, and is shut after each."""
    for gate_id, gate in facts.gates.items():
        if gate.camera_is_open:
            yield f"gate {gate_id}: the camera is open and no person asked"
        asked = facts.step.startswith(("enrol", "face", "consent at")) or _typed_home_for_face(facts, gate_id)
        if gate.camera_opened and not asked:
            yield f"gate {gate_id}: the camera was opened by {facts.step}"


def _typed_home_for_face(facts: Facts, gate_id: str) -> bool:
    """Return whether keys were pressed where someone pressed face and was asked for their home's number."""
    pressed, shown = facts.face_pressed.get(f"{gate_id}-in"), facts.shown
    if pressed is None or shown is None or (shown.method, shown.lane_id) != ("pin", f"{gate_id}-in"):
        return False
    return facts.now - pressed <= timedelta(seconds=ASK_SECONDS)


def every_pulse_was_recorded_before(facts: Facts) -> Iterator[str]:
    """Promises 8 and 9: a lock is released after an entry on the disk says so, once for each entry."""
    for gate in facts.gates.values():
        opening = [
            entry
            for entry in gate.new_entries
            if (entry.kind == "access" and entry.facts.get("opens")) or entry.kind == "held_open"
        ]
        for lane_id in {pulse.lane_id for pulse in gate.new_pulses}:
            pulses = [p for p in gate.new_pulses if p.lane_id == lane_id and not p.holds]
            entries = [entry for entry in opening if entry.facts.get("lane_id") == lane_id]
            if len(pulses) > len(entries):
                yield f"lane {lane_id} was released {len(pulses)} times by {len(entries)} entries"
            if pulses and entries and pulses[0].journal_seq < entries[0].seq:
                yield f"lane {lane_id} was released before entry {entries[0].seq} was on the disk"


def an_order_runs_once(facts: Facts) -> Iterator[str]:
    """Promise 8: the server sends each order once to a gate it believes; a gate obeys each once."""
    for gate_id, opened in facts.orders_opened.items():
        if opened > len(facts.orders_heard.get(gate_id, ())):
            yield f"gate {gate_id} opened {opened} times by {len(facts.orders_heard.get(gate_id, ()))} orders"
    for exchange, reply in facts.answers:
        gate = exchange.server.gates[exchange.gate_id]
        if reply.orders and gate.state != "paired":
            yield f"gate {exchange.gate_id} got an order though it is {gate.state}"
        for order in reply.orders:
            if facts.orders_sent[order.order.hex()] > 1 and gate.is_trusted:
                yield f"gate {exchange.gate_id} got one order {facts.orders_sent[order.order.hex()]} times"


def a_journal_only_grows(facts: Facts) -> Iterator[str]:
    """Promise 9: at the gate: entries follow each other, and what was on the disk stays."""
    for gate_id, gate in facts.gates.items():
        if gate.lost_entry:
            yield f"gate {gate_id}: entry {gate.lost_entry} was on the disk and is gone"
        if not gate.new_entries:
            continue
        known, first = facts.journals.get(gate_id, {}), gate.new_entries[0]
        before = known.get(first.seq - 1)
        if first.seq in known and known[first.seq] != first.digest:
            yield f"gate {gate_id}: entry {first.seq} was on the disk and another one is there now"
        try:
            verify_chain(gate.new_entries, before)
        except ChainBroken as err:
            yield f"gate {gate_id}: {err}"


def the_server_has_what_gates_wrote(facts: Facts) -> Iterator[str]:
    """Promise 9: each entry once, as its gate has it, and of trusted gates alone."""
    for event in facts.new_events:
        if event.aside:
            continue
        known = facts.journals.get(event.gate_id, {})
        if known.get(event.seq) != event.digest and event.gate_id not in facts.copied_keys:
            yield f"the server stored entry {event.seq} of gate {event.gate_id}, which the gate does not have"
        if not facts.server.gates[event.gate_id].is_trusted:
            was = facts.before.gates[event.gate_id].is_trusted if facts.before is not None else False
            if not was and not facts.just_restored:
                yield f"the server trusted entry {event.seq} of gate {event.gate_id}"
    for gate_id, row in facts.server.gates.items():
        known = facts.journals.get(gate_id, {})
        exist = max(known, default=0)
        if row.acknowledged_seq > exist and gate_id not in facts.copied_keys:
            yield f"the server acknowledged {row.acknowledged_seq} of gate {gate_id}, which has {exist}"


def the_ledger_only_grows(facts: Facts) -> Iterator[str]:
    """Promise 9: at the server: each entry follows the one before."""
    previous = facts.ledger[-len(facts.new_ledger) - 1] if len(facts.ledger) > len(facts.new_ledger) else None
    for row in facts.new_ledger:
        if previous is not None and (row.seq != previous.seq + 1 or row.previous != previous.digest):
            yield f"entry {row.seq} of the ledger does not follow entry {previous.seq}"
        previous = row


def policies_only_grow(facts: Facts) -> Iterator[str]:
    """Section 5 of the design: a gate takes no older policy from any sender."""
    for gate_id, gate in facts.gates.items():
        if gate.have < facts.newest_have.get(gate_id, (0, 0)):
            yield f"gate {gate_id} has {gate.have} after {facts.newest_have[gate_id]}"


def a_counter_is_good_once(facts: Facts) -> Iterator[str]:
    """Decision 9: a request with a number that was answered is refused; an honest gate is no clone."""
    for exchange in facts.exchanges:
        row = facts.server.gates[exchange.gate_id]
        if row.is_forked:
            if exchange.gate_id not in facts.copied_keys:
                yield f"gate {exchange.gate_id} counts as cloned, and no other machine has its key"
        elif facts.accepted[exchange.gate_id, exchange.counter] > 1 and not facts.restored:
            yield f"gate {exchange.gate_id}: request {exchange.counter} was answered twice"


def a_stolen_gate_gets_no_people(facts: Facts) -> Iterator[str]:
    """Threat model: marked stolen, its answers name no person and no credential, and so do its rules."""
    for exchange, reply in facts.answers:
        if exchange.server.gates[exchange.gate_id].state != "stolen" or reply.change is None:
            continue
        named = [key for key in reply.change.puts if key.startswith(("person:", "credential:", "face:"))]
        if named:
            yield f"stolen gate {exchange.gate_id} was sent {named[0]} and {len(named) - 1} more"
    for gate_id, gate in facts.gates.items():
        row = facts.server.gates[gate_id]
        is_newest = gate.have == (facts.server.epoch, row.published_version) and not facts.server.restoring
        if row.state == "stolen" and is_newest and gate.people and not row.is_withheld:
            yield f"stolen gate {gate_id} holds {len(gate.people)} people in its newest rules"


def what_ended_stays_ended(facts: Facts) -> Iterator[str]:
    """Decisions 7 and 34: a credential that ended is never active again, also after a restore."""
    for credential_id in sorted(facts.ended):
        row = facts.server.credentials.get(credential_id)
        settled = not facts.server.restoring and not any(g.is_withheld for g in facts.server.gates.values())
        if row is None or row.state == "ended" or not settled:
            continue
        if facts.server.persons[row.person_id].is_here:
            yield f"credential {credential_id} ended and is {row.state} again"


def nothing_fails(facts: Facts) -> Iterator[str]:
    """Contributing: no request causes a fault of the server, and no message one of a gate."""
    for exchange in facts.exchanges:
        if exchange.answer.status_code >= 500:
            yield f"the server answered {exchange.answer.status_code} to {exchange.path}"
    for gate_id, gate in facts.gates.items():
        for entry in gate.new_entries:
            if entry.kind == "alarm_gate_failed":
                yield f"gate {gate_id} failed: {dict(entry.facts)}"


def no_person_is_locked_out_for_money(facts: Facts) -> Iterator[str]:
    """Promise 11: what is suspended has a reason of the list, and one account suspends for a week at most."""
    for subject_id in facts.server.unexplained:
        yield f"{subject_id} is suspended without a reason of the list, or too long by one account"


def only_who_may_acts(facts: Facts) -> Iterator[str]:
    """Security controls: who is not allowed is refused, and a refusal changes nothing."""
    yield from facts.breaches


INVARIANTS: tuple[Invariant, ...] = (
    face_is_never_the_only_way,
    a_face_opens_only_beside_another_way,
    a_gate_opens_for_whom_its_rules_allow,
    a_gate_would_open_for_whom_its_rules_allow,
    a_neighbour_that_is_released_keeps_a_lane_shut,
    who_is_inside_comes_in_once,
    a_code_opens_once_at_a_gate,
    a_face_is_usable_only_with_live_consent,
    no_share_is_left_without_consent,
    no_lease_goes_where_none_may,
    the_server_never_gets_a_face,
    a_gate_that_heard_an_end_keeps_nothing,
    a_receipt_is_the_gates_own,
    a_receipt_waits_until_it_is_answered,
    the_camera_is_shut,
    every_pulse_was_recorded_before,
    an_order_runs_once,
    a_journal_only_grows,
    the_server_has_what_gates_wrote,
    the_ledger_only_grows,
    policies_only_grow,
    a_counter_is_good_once,
    a_stolen_gate_gets_no_people,
    what_ended_stays_ended,
    no_person_is_locked_out_for_money,
    only_who_may_acts,
    nothing_fails,
)
