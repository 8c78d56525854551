"""The page of a restore: which gates are waited for, and the way on where one is lost for good."""

import pytest

from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin
from web_admin.events.details import by_whom
from web_admin.journal.models import GateEvent


def test_a_gate_that_is_waited_for_comes_with_the_command_that_leaves_it_out(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Site, compound.site_id).restoring = True
        gate = session.get_one(Gate, "north")
        gate.state, gate.tombstones_taken = "paired", False
    page = compound.signed_in("manager").get("/manage/restored/").text
    assert "menjin web restore --without-gate north<" in page


@pytest.mark.parametrize("how", ["card_and_pin", "new_pin"])
def test_what_resumed_a_pin_is_shown_in_words(how):
    said = by_whom(GateEvent(kind="pin_resumed", facts={"by": how}, personal=None), {})
    assert str(said) == {"card_and_pin": "by the card or code, then the PIN", "new_pin": "by a new PIN"}[how]
