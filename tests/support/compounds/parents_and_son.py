"""Two parents and their son of 15 at a gate that offers face, and how he asks and they answer."""

from tests.support.acting import add_lane, by_phone, household, offer_face
from web_admin.action.base import Action, one_publication
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent
from web_admin.face.guardian_requests import answer_guardian, ask_guardians
from web_admin.people.actions import add_person


def make_family(act: Action) -> tuple[Action, Person, Person, Person]:
    """Return the action, two parents and their son of 15, each with a card, at a gate that offers face."""
    with one_publication(act) as part:
        add_lane(part)
        offer_face(part)
        home, mother = household(part, name="Mother")
        father = add_person(part, display_name="Father", home_id=home.home_id)
        son = add_person(part, display_name="Son", home_id=home.home_id, age_band="14_17")
        for number, person in enumerate((mother, father, son), start=70):
            issue_card(part, person.person_id, number)
    return act, mother, father, son


def ask(act: Action, son: Person, *guardians: Person) -> list[str]:
    """Return the requests, in the order of the guardians given."""
    ids = [guardian.person_id for guardian in guardians]
    asked = ask_guardians(by_phone(act, son.person_id), son.person_id, ids, 1, "zh")
    by_guardian = {request.guardian_id: request.request_id for request in asked}
    return [by_guardian[guardian_id] for guardian_id in ids]


def answer(
    act: Action, guardian: Person, request_id: str, *, agrees: bool = True, name: str = ""
) -> Consent | None:
    """Answer by the guardian's phone, in English."""
    return answer_guardian(
        by_phone(act, guardian.person_id), request_id, agrees=agrees, language="en", signed_name=name
    )
