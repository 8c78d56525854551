"""Steps with a card in the hand or digits at the keypad."""

from demo.judge import Outcome, opens, pass_through, refused
from demo.stage import Stage
from demo.world.compound import UNKNOWN_CARD
from hardware.simulated.readers import LineCardReader

WRONG_TRIES = 3


def card_opens(stage: Stage) -> Outcome:
    """A resident's card at the north gate."""
    resident, reader = stage.member("resident"), stage.gates["north"].metal.readers["north-in"]
    ms = opens(stage, "north", "north-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return Outcome(ms, "a resident's card at the north gate")


def same_card_same_number_at_every_reader(stage: Stage) -> Outcome:
    """One card, five readers that print their own lines and one OSDP reader."""
    resident = stage.member("resident")
    lines = []
    for gate_id, ends in stage.gates.items():
        for lane_id, reader in (*ends.metal.readers.items(), *ends.metal.osdp.items()):
            opens(
                stage,
                gate_id,
                lane_id,
                lambda reader=reader: reader.tap(resident.card),  # type: ignore[misc]  # mypy types no defaults of lambdas
                person_id=resident.person_id,
            )
            if ends.plan.modbus:
                pass_through(ends, lane_id)  # the ramp is one car wide
            fmt = ends.plan.lane(lane_id).reader
            is_line = isinstance(reader, LineCardReader)
            lines.append(f"{lane_id} {fmt.bits} bit {fmt.radix} {fmt.byte_order}" if is_line else "OSDP")
    return Outcome(None, "the same person at: " + "; ".join(lines))


def unknown_card_refused(stage: Stage) -> Outcome:
    """A card without an owner."""
    reader = stage.gates["north"].metal.readers["north-in"]
    refused(stage, "north", "north-in", lambda: reader.tap(UNKNOWN_CARD), "credential_unknown")
    return Outcome(None, "credential_unknown, no ON byte")


def pin_opens(stage: Stage) -> Outcome:
    """Home number and PIN at the keypad."""
    resident, keypad = stage.member("resident"), stage.gates["north"].metal.keypads["north-in"]
    ms = opens(
        stage,
        "north",
        "north-in",
        lambda: keypad.type(f"{resident.typed_home}#{resident.pin}#"),
        person_id=resident.person_id,
    )
    return Outcome(ms, "home number, #, PIN, # at the keypad")


def wrong_pin_refused_and_delayed(stage: Stage) -> Outcome:
    """Three wrong PINs; then even the right one waits, and the card does not."""
    neighbour, metal = stage.member("neighbour"), stage.gates["north"].metal
    keypad, reader = metal.keypads["north-in"], metal.readers["north-in"]
    home, pin = neighbour.typed_home, neighbour.pin
    for number in range(WRONG_TRIES):
        wrong = f"{(int(pin) + 111_111 * (number + 1)) % 1_000_000:06d}"
        refused(stage, "north", "north-in", lambda wrong=wrong: keypad.type(f"{home}#{wrong}#"), "pin_wrong")  # type: ignore[misc]  # mypy types no defaults of lambdas
    refused(stage, "north", "north-in", lambda: keypad.type(f"{home}#{pin}#"), "method_delayed")
    opens(stage, "north", "north-in", lambda: reader.tap(neighbour.card), person_id=neighbour.person_id)
    return Outcome(None, "3 × pin_wrong, then method_delayed for the right PIN; the card opens meanwhile")


def method_not_chosen_refused(stage: Stage) -> Outcome:
    """A person switches the PIN off on the phone; the right PIN then opens nothing, the card does."""
    chooser, metal = stage.member("chooser"), stage.gates["south"].metal
    keypad, reader = metal.keypads["south-in"], metal.readers["south-in"]
    typed = f"{chooser.typed_home}#{chooser.pin}#"
    opens(stage, "south", "south-in", lambda: keypad.type(typed), person_id=chooser.person_id)
    stage.phone_of("chooser").switch("pin", False)
    stage.wait_synced("south")
    refused(stage, "south", "south-in", lambda: keypad.type(typed), "method_not_chosen")
    opens(stage, "south", "south-in", lambda: reader.tap(chooser.card), person_id=chooser.person_id)
    return Outcome(None, "PIN switched off on the phone: method_not_chosen; the card still opens")


def visitor_code_opens_once(stage: Stage) -> Outcome:
    """Eight digits for a courier, made on the phone: at one gate, once, and not again."""
    resident, keypad = stage.member("resident"), stage.gates["south"].metal.keypads["south-in"]
    elsewhere = stage.gates["north"].metal.keypads["north-in"]
    code = stage.phone_of("resident").visitor_code(2)
    stage.wait_synced("south")
    typed = f"{resident.typed_home}#{code}#"
    refused(stage, "north", "north-in", lambda: elsewhere.type(typed), "pin_wrong")
    ms = opens(stage, "south", "south-in", lambda: keypad.type(typed))
    refused(stage, "south", "south-in", lambda: keypad.type(typed), "used_up")
    return Outcome(ms, "unknown at another gate, opened once at its own; the second time used_up")
