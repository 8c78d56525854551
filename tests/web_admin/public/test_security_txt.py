"""A person who finds a weakness learns whom to write to, in the form of RFC 9116."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound

ADDRESS = "/.well-known/security.txt"


@pytest.fixture
def asked(web_config, database, now):
    """Return a function that asks a server with this contact."""
    made = []

    def ask(contact):
        config = replace(web_config, security_contact=contact)
        made.append(make_managed_compound(config, SetClock(now)))
        return made[-1].app.test_client().get(ADDRESS)

    yield ask
    for one in made:
        one.close()


def test_it_names_the_contact_and_expires_within_a_year(asked, now):
    answer = asked("mailto:security@example.org")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    fields = dict(re.findall(r"^([A-Za-z-]+): (.+?)\r$", answer.text, re.M))
    assert fields.keys() == {"Contact", "Expires", "Preferred-Languages", "Canonical"}
    assert fields["Contact"] == "mailto:security@example.org"
    assert fields["Preferred-Languages"] == "zh, en"
    assert fields["Canonical"].endswith(ADDRESS)
    expires = datetime.fromisoformat(fields["Expires"])
    assert now < expires <= now + timedelta(days=365)


def test_without_a_contact_there_is_no_file(asked):
    assert asked("").status_code == 404
