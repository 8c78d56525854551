"""Who suspended a card decides who resumes it, on the pages as they are served."""

import secrets

from sqlalchemy import select

from tests.served.phones import phone_of
from tests.served.served_compound import ServedCompound
from tests.support.compounds.desk import card_of, read
from web_admin.compound.models import CredentialRow


def state_of(served: ServedCompound, card: str) -> str:
    query = select(CredentialRow.state).where(CredentialRow.credential_id == card)
    return read(served.compound, lambda s: s.scalars(query).one())


def test_an_unverified_phone_does_not_resume_what_its_owner_suspended(served: ServedCompound) -> None:
    card = read(served.compound, lambda s: card_of(s, served.compound.persons["王芳"]))
    thief = phone_of(served, "王芳")
    thief.post(f"/r/cards/{card}/suspend", {})
    assert state_of(served, card) == "suspended"
    thief.post(f"/r/cards/{card}/resume", {})
    assert state_of(served, card) == "suspended", "an unproven phone resumed a card"


def test_neither_its_holder_nor_a_guard_resumes_what_the_office_suspended(served: ServedCompound) -> None:
    wang = served.compound.persons["王芳"]
    card = read(served.compound, lambda s: card_of(s, wang))
    manager, guard = served.signed_in("manager"), served.signed_in("guard")
    holder = served.resident("王芳")
    holder.get("/r/")
    for action, state in (("suspend", "suspended"), ("resume", "active")):
        holder.post(f"/r/cards/{card}/{action}", {})
        assert state_of(served, card) == state, "a proven phone ends what its owner suspended"
    manager.get(f"/manage/people/{wang}")
    manager.post(f"/manage/cards/{card}/suspend", {"once": secrets.token_urlsafe(18)})
    assert state_of(served, card) == "suspended"
    guard.get(f"/manage/people/{wang}")
    guard.post(f"/manage/cards/{card}/resume", {"once": secrets.token_urlsafe(18)})
    assert state_of(served, card) == "suspended", "a guard resumed what the manager suspended"
    holder.get("/r/")
    holder.post(f"/r/cards/{card}/resume", {})
    assert state_of(served, card) == "suspended", "the holder resumed what the manager suspended"
    manager.post(f"/manage/cards/{card}/resume", {"once": secrets.token_urlsafe(18)})
    assert state_of(served, card) == "active"
