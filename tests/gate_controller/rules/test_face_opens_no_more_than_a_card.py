"""Requirement S10: wherever and whenever a face opens, the same person's card would have opened."""

from dataclasses import replace

from hypothesis import Phase, find, given, settings

from gate_controller.contract.records import CredentialState, Method
from gate_controller.rules.access import decide
from tests.support.examples import examples
from tests.support.gates.worlds import WORLDS, World, played


def opens(world: World) -> bool:
    claim, policy, memory = played(world)
    return decide(claim, "north-in", policy, memory, world.now).opens


FACES = WORLDS.map(lambda world: replace(world, shown="face"))


@settings(max_examples=examples(600), deadline=None)
@given(FACES)
def test_a_face_opens_nothing_that_a_card_would_not(world: World) -> None:
    chosen = tuple({*world.chosen, Method.CARD})
    as_card = replace(
        world, shown="card", chosen=chosen, state=CredentialState.ACTIVE, valid=(None, None), used=0
    )
    assert opens(as_card) or not opens(world)


def test_there_are_worlds_in_which_a_face_opens() -> None:
    any_is_enough = settings(max_examples=3000, database=None, phases=[Phase.generate])
    assert opens(find(FACES, opens, settings=any_is_enough))
