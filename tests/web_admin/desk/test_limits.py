"""How often numbers are typed at one desk: slowed there, and no resident is locked out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import (
    give_pins,
    read,
    served_with_card,
    tap,
    type_pin,
)
from tests.web_admin.desk.visits import entries
from web_admin.alarms.models import Alarm


def test_wrong_pins_are_slowed_at_this_desk_and_lock_no_resident_out(compound):
    pins = give_pins(compound)
    guard = compound.signed_in("guard")
    tries = [type_pin(guard, "3-1203", "000001").status_code for _try in range(5)]
    assert tries == [422] * 5
    refused = type_pin(guard, "3-1203", pins.usual)
    assert refused.status_code == 429
    assert 'value="3-1203"' in refused.text
    assert pins.usual not in refused.text
    assert len(entries(compound, "desk_refused")) == 5
    # The household's cards here, and the same home at another desk go on; the manager sees an alarm.
    assert served_with_card(guard).location == "/r/"
    assert type_pin(compound.signed_in("manager"), "3-1203", pins.usual).status_code == 303
    alarms = read(compound, lambda s: s.scalars(select(Alarm.kind)).all())
    assert alarms.count("alarm_desk_guessing") == 1


@pytest.mark.wide
def test_pins_of_a_home_are_few_a_day_at_one_desk(compound):
    guard = compound.signed_in("guard")
    codes = []
    for _quarter in range(5):
        codes += [type_pin(guard, "3-1203", "000001").status_code for _try in range(5)]
        compound.clock.now += timedelta(minutes=11)
    assert codes == [422] * 20 + [429] * 5


@pytest.mark.wide
def test_cards_that_open_nothing_are_few_at_one_desk(compound):
    guard = compound.signed_in("guard")
    assert served_with_card(guard).location == "/r/"
    assert [tap(guard, "4299999").status_code for _try in range(14)] == [303] * 12 + [429] * 2
