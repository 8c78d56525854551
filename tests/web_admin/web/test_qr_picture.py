"""A code as a picture: to be scanned from a screen, a file and a slip of paper."""

import re

from tests.support.compounds.desk import press, served_with_card


def made_at_the_desk(client):
    """Open a visit by the card, make a printed code and return the page to print."""
    served_with_card(client)
    made = press(client, "/r/", "/r/printed-code")
    assert made.status_code == 303
    return client.get(made.location)


def test_each_module_of_the_card_is_a_whole_number_of_dots(compound):
    page = made_at_the_desk(compound.signed_in("guard")).text
    side, dots = re.search(r'width="([\d.]+)mm" height="[\d.]+mm" data-dots="(\d+)"', page).groups()
    assert float(side) <= 42
    assert float(side) * 8 % int(dots) == 0
