"""One's own visitors on the phone: where a pass was used, and when it is used up."""

from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.visitors import link_of, make_pass, only_pass
from web_admin.visitors.models import VisitorUse


def test_where_a_pass_was_used_is_on_the_phone(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = make_pass(phone, gate_numbers="1", uses="once")
    with small_compound.session() as session:
        session.add(
            VisitorUse(
                gate_id="north",
                journal_id="j",
                seq=1,
                lane_id="north-in",
                at=clock.now,
                shown_id=only_pass(small_compound).pass_id,
            )
        )
    assert "12:00, North gate" in phone.get("/r/visitors").text
    assert "<strong>North gate</strong>" in phone.get(page).text.partition("used-title")[2]


def test_a_pass_for_one_visit_says_to_both_when_it_is_used_up(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = make_pass(phone, gate_numbers="1", uses="once")
    link = link_of(phone, page)
    assert phone.get(f"{link}/now").json["state"] == "live"
    with small_compound.session() as session:
        session.add(
            VisitorUse(
                gate_id="north",
                journal_id="j",
                seq=1,
                lane_id="north-in",
                at=clock.now,
                shown_id=only_pass(small_compound).pass_id,
            )
        )
    assert phone.get(f"{link}/now").json == {"state": "used", "text": None}
    assert phone.get(f"{link}/pass.png").status_code == 404
    shown = phone.get(f"{link}?language=en").text
    assert "This pass was used" in shown
    assert 'class="qr"' not in shown
    assert 'id="link"' not in phone.get(page).text
