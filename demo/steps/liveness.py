"""Steps about liveness: a living person before the camera, or a presentation attack."""

from demo.judge import Outcome, refused, require
from demo.stage import Stage
from demo.steps.faces import ask_for_look, opens_by_face, portrait_of, screen_of, wait_for_the_end
from demo.world.people import attack
from gate_controller.rules.decision import FACE_MENDABLE

NO_LIVING_PERSON = tuple(reason.value for reason in FACE_MENDABLE)
TURNS = frozenset({"turn_left", "turn_right"})


def live_person_accepted(stage: Stage) -> Outcome:
    """The enrolled person turns the head to the side the screen asks for, and the gate opens.

    Broken by: a check that refuses everybody, a gate that opens without having asked for a turn.
    """
    screen = screen_of(stage)
    screen.forget()
    ms, attempt = opens_by_face(stage, "face_a", "person_a_2", seed=700)
    asked = _asked(stage)
    require(bool(asked & TURNS), f"the gate opened and had asked for no turn of the head: {sorted(asked)}")
    sides = " and ".join(sorted(asked & TURNS))
    return Outcome(ms, f"asked to {sides.replace('_', ' ')}, did so, opened; try {attempt}")


def print_attack_refused(stage: Stage) -> Outcome:
    """A print of the enrolled person, tilted to the side the screen asks for.

    Broken by: a gate that looks at one frame alone, or takes the tilt of a plane for a turn.
    """
    return _attack_refused(stage, "tilted", "a print of the enrolled person, tilted as asked")


def replay_attack_refused(stage: Stage) -> Outcome:
    """A recording of the enrolled person turning the head for another question, on a screen.

    Broken by: a side or a moment that can be known before.
    """
    return _attack_refused(stage, "screen_other_side", "a recording that answers another question")


def _asked(stage: Stage) -> set[str]:
    return {view.prompt for view in screen_of(stage).shown() if view.prompt}


def _attack_refused(stage: Stage, species: str, result: str) -> Outcome:
    ends, screen = stage.gates["north"], screen_of(stage)
    pictures = portrait_of(stage, "person_a_2"), portrait_of(stage, "impostor_1")

    def look_to_the_end() -> None:
        ask_for_look(stage)
        screen.forget()
        ends.metal.stand(attack(species, *pictures, seed=800), ends.prompt)
        wait_for_the_end(stage)

    try:
        seen = refused(stage, "north", "north-in", look_to_the_end, *NO_LIVING_PERSON)
    finally:
        ends.metal.clear_view()
    # Otherwise it was refused for not being seen at all.
    require(bool(_asked(stage) & TURNS), "the picture was refused before the gate had asked for a turn")
    return Outcome(None, f"{result}: {seen.reason}")
