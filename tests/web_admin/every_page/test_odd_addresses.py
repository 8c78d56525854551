"""Addresses with malformed numbers and times get a page or a plain no, and never a fault."""

from itertools import product
from urllib.parse import quote

import pytest

ODD = {
    "{moment}": ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-05T10:00", "x"),
    "{clock}": ("0001-01-01T00:00", "9999-12-31T23:59", "2026-03-05T10:00+08:00", "x"),
    "{day}": ("0001-01-01", "9999-12-31", "2026-13-01", "x"),
    "{number}": ("9" * 30, "9" * 5000, "²", "१२", "-1", "1e9"),
}
ADDRESSES = (
    "/manage/events/?before={moment}~north~1",
    "/manage/events/?before=2026-01-01T00:00:00Z~north~{number}",
    "/manage/events/?day={day}",
    "/manage/events/?after={clock}",
    "/manage/events/?until={clock}",
    "/manage/visitors/?before={moment}",
    "/manage/alarms/?after={moment}~x",
    "/manage/requests/?after={moment}~x",
    "/manage/people/?building=none&after={number}",
)
"""Every address whose question holds a number, a day or a moment."""


def odd_ones(address):
    """Return an address with each odd text in its place."""
    place = next(name for name in ODD if name in address)
    return [address.replace(place, quote(text)) for text in ODD[place]]


@pytest.mark.wide
@pytest.mark.both_databases  # they differ in the numbers and texts that they take
def test_an_odd_question_is_answered_as_if_it_were_not_there_or_refused(compound):
    client = compound.signed_in("manager")
    asked = [odd for address in ADDRESSES for odd in odd_ones(address)]
    answers = {odd[:90]: client.get(odd).status_code for odd in asked}
    assert {odd: code for odd, code in answers.items() if code not in (200, 400, 404)} == {}


def test_an_odd_number_in_a_path_leads_nowhere(compound):
    client = compound.signed_in("manager")
    addresses = compound.app.url_map.bind("localhost")
    words = {"gate_id": "north"}
    rules = [
        rule
        for rule in compound.app.url_map.iter_rules()
        if rule.arguments & {"seq", "account_id", "number"} and "GET" in rule.methods
    ]
    assert len(rules) >= 5
    wrong = []
    for rule, odd in product(rules, ODD["{number}"]):
        named = {name: words.get(name, "1") for name in rule.arguments}
        path = addresses.build(rule.endpoint, named)
        end = path.rindex("1")
        answer = client.get(path[:end] + quote(odd) + path[end + 1 :])
        wrong += [(rule.endpoint, odd[:20], answer.status_code)] if answer.status_code != 404 else []
    assert wrong == []
