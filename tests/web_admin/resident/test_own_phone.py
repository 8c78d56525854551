"""Whether one's phone is verified is said on its page."""

from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press


def test_whether_the_card_that_was_shown_has_been_seen_is_said(small_compound: Compound) -> None:
    client = small_compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    code = small_compound.invitation(small_compound.person_id)
    press(client, "/r/welcome", seen_on="/r/welcome", code=code)
    press(client, "/r/at-gate")
    assert "No gate and no phone has confirmed it yet." not in client.get("/r/").text
    assert "No gate and no phone has confirmed it yet." in client.get("/r/?shown=1").text
    card_was_shown(small_compound.app, small_compound.person_id)
    assert "This phone is confirmed as yours." in client.get("/r/?shown=1").text
    assert "This phone is confirmed as yours." not in client.get("/r/").text
