"""Events by day of the site: what follows from passages is folded, unless a filter asks for it."""

from datetime import timedelta

import pytest

from web_admin.journal.models import GateEvent


@pytest.fixture
def eventful_compound(compound):
    with compound.act() as act:
        for number in range(3):
            act.session.add(
                GateEvent(
                    journal_id="j",
                    gate_id="north",
                    seq=700 + number,
                    kind="door_closed",
                    lane_id="north-in",
                    at=act.now + timedelta(hours=25, minutes=number),
                    received_at=act.now,
                    person_id=None,
                    facts={},
                    personal={},
                    salt=b"s",
                    personal_digest=bytes(32),
                    previous=bytes(32),
                    digest=bytes(32),
                )
            )
    return compound


def test_quiet_events_are_folded_by_day(eventful_compound) -> None:
    page = eventful_compound.signed_in("guard").get("/manage/events/").text
    assert page.count("<h2>") > 1
    folded = page.partition('<details class="quiet-ones">')[2]
    assert "3 quiet events" in folded.partition("</summary>")[0]
    assert folded.partition("</details>")[0].count("Door closed") == 3


def test_a_filter_folds_nothing(eventful_compound) -> None:
    page = eventful_compound.signed_in("guard").get("/manage/events/?kind=doors").text
    assert "quiet-ones" not in page
    assert page.partition("<tbody>")[2].count("Door closed") == 3
