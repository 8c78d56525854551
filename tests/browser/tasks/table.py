"""The everyday tasks and what each takes a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FEW_GATES, MANY_GATES = 3, 300


@dataclass(frozen=True)
class Task:
    """What a task is called, where it begins, what it takes, and what is in the database at its end."""

    name: str
    begins: str
    took: tuple[int, int, int]
    """Presses of buttons, links and keys; filled fields; loaded pages; alike for any number of gates."""
    ends: str
    scrolled_px: Mapping[int, int] = field(default_factory=dict)
    """How far pages are scrolled at most, by the number of gates; empty where another test counts."""


def scrolled(*, few: int, many: int) -> Mapping[int, int]:
    """Return how many pixels a task scrolls at most in a compound of few gates, and in one of many."""
    return {FEW_GATES: few, MANY_GATES: many}


TASKS = {
    "test_a_person_is_found_from_any_page": Task(
        "find a person", "any page of staff", (2, 1, 1), "the person's page", scrolled(few=0, many=0)
    ),
    "test_a_family_of_three_moves_in": Task(
        "move in three people",
        "*Now*",
        (3, 7, 3),
        "three people with cards that open and invitations",
        scrolled(few=50, many=50),
    ),
    "test_a_family_with_a_child_moves_in": Task(
        "move in with a child under 14",
        "*Now*",
        (5, 8, 5),
        "the adult's card opens at once, the child's after a guardian's own card was read",
        scrolled(few=200, many=200),
    ),
    "test_two_hundred_people_are_read_in": Task(
        "read in 200 people",
        "*Now*",
        (4, 1, 4),
        "a preview, then 200 people with cards",
        scrolled(few=400, many=400),
    ),
    "test_a_pass_is_given_with_its_defaults": Task(
        "give a visitor's pass",
        "*Now*",
        (3, 1, 3),
        "a pass for the outer gates",
        scrolled(few=0, many=0),
    ),
    "test_a_lost_card_is_stopped": Task(
        "stop a lost card at night",
        "*Now* of a guard",
        (4, 1, 4),
        "a suspended card and a pass on paper",
        scrolled(few=0, many=0),
    ),
    "test_a_card_is_replaced": Task(
        "replace a card",
        "any page of staff",
        (4, 2, 3),
        "the old card ended, the new one opens",
        scrolled(few=0, many=0),
    ),
    "test_it_is_explained_why_a_gate_refused": Task(
        "why a gate refused",
        "*Now*",
        (2, 0, 2),
        "what it decided then and what its rules say now",
        scrolled(few=0, many=0),
    ),
    "test_a_gate_is_opened_on_the_spot_with_a_reason": Task(
        "open a gate", "*Now*", (1, 0, 1), "an order with its reason", scrolled(few=0, many=0)
    ),
    "test_a_compound_is_locked_down_and_freed": Task(
        "lock down, and lift it",
        "*Now*",
        (3, 0, 3),
        "all ways in locked until a set end, then free",
        scrolled(few=0, many=0),
    ),
    "test_the_gates_without_contact_are_found": Task(
        "find the gates without contact",
        "any page of staff",
        (1, 0, 1),
        "the gate's tile says it",
        scrolled(few=0, many=0),
    ),
    "test_twenty_alarms_are_cleared": Task(
        "clear 20 alarms", "*Now*", (2, 0, 2), "all acknowledged", scrolled(few=0, many=0)
    ),
    "test_the_list_of_people_is_taken_along": Task(
        "save the people as a sheet",
        "*Now*",
        (2, 0, 1),
        "a file with homes, names and states",
        scrolled(few=450, many=450),
    ),
    "test_face_is_switched_on": Task(
        "switch face on",
        "a resident's phone",
        (3, 0, 3),
        "a consent with the notice that was read",
        scrolled(few=700, many=700),
    ),
    "test_face_is_switched_off": Task(
        "switch face off",
        "a resident's phone",
        (3, 0, 3),
        "withdrawn, with a receipt awaited of each gate",
        scrolled(few=0, many=0),
    ),
    "test_a_resident_takes_their_records_along": Task(
        "take one's own records along",
        "a resident's phone",
        (2, 0, 1),
        "a file with all that is held",
        scrolled(few=250, many=250),
    ),
    "test_from_an_empty_server_to_a_card_that_opens": Task(
        "from a new server to the first card that opens",
        "*Now*, signed in",
        (16, 15, 16),
        "a paired gate that opened for the card",
    ),
}
"""By the test that plays the task in a browser."""
