"""Steps about who stands before the camera: a person in person, or what somebody holds up."""

from demo.judge import Outcome, opens, refused
from demo.people import attack
from demo.stage import Stage
from demo.steps_by_face import LOOK_SECONDS, ask_for_look, portrait_of
from gate_controller.terminal.view import Screen


def live_person_accepted(stage: Stage) -> Outcome:
    """The enrolled person turns the head to the side the screen asks for, and the gate opens."""
    ends = stage.gates["north"]

    def look() -> int:
        ask_for_look(stage)
        return ends.show_person(portrait_of(stage, "person_a_2"), seed=700)

    person = stage.member("face_a")
    ms = opens(stage, "north", "north-in", look, person_id=person.person_id, timeout_seconds=LOOK_SECONDS)
    ends.metal.clear_view()
    return Outcome(ms, "turned the head as asked, to a side drawn for this look")


def print_attack_refused(stage: Stage) -> Outcome:
    """A print of the enrolled person, tilted to the side the screen asks for."""
    return _attack_refused(stage, "tilted", "a print of the enrolled person, tilted as asked: face_no_match")


def replay_attack_refused(stage: Stage) -> Outcome:
    """A recording of the enrolled person turning the head for another question, on a screen."""
    return _attack_refused(
        stage, "screen_other_side", "a recording that answers another question: face_no_match"
    )


def _attack_refused(stage: Stage, species: str, told: str) -> Outcome:
    ends = stage.gates["north"]

    def look_to_the_end() -> None:
        ask_for_look(stage)
        held_up = attack(
            species, portrait_of(stage, "person_a_2"), portrait_of(stage, "impostor_1"), seed=800
        )
        ends.metal.stand(held_up, ends.prompt)
        if ends.screen is not None:
            ends.screen.wait_for(Screen.REFUSED, Screen.DELAYED, Screen.GRANTED, timeout_seconds=LOOK_SECONDS)

    try:
        refused(stage, "north", "north-in", look_to_the_end, "face_no_match")
    finally:
        ends.metal.clear_view()
    return Outcome(None, told)
