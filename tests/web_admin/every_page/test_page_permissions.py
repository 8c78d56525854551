"""Every route says who it is for; the table of roles is what each page obeys."""

import re
from datetime import UTC, datetime

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.managed import ROLES, make_managed_compound
from web_admin.accounts.permissions import (
    ACTIONS,
    ACTIONS_BY_ROLE,
    CLOSED_BLUEPRINTS,
    PUBLIC,
    RESIDENT,
    STAFF,
    access_of,
    allowed,
    may,
)
from web_admin.accounts.texts import ACTION_WORDS, ROLE_SENTENCES


@pytest.fixture
def compound(web_config, database):
    made = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    yield made
    made.close()


def test_every_route_has_declared_who_it_is_for(compound):
    undeclared = {
        rule.endpoint
        for rule in compound.app.url_map.iter_rules()
        if access_of(compound.app, rule.endpoint) is None
        and rule.endpoint.partition(".")[0] not in CLOSED_BLUEPRINTS
    }
    assert undeclared == set()


def test_a_route_that_nobody_declared_answers_404(compound):
    compound.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert compound.app.test_client().get("/forgotten").status_code == 404


def test_routes_of_the_sign_in_library_that_we_do_not_offer_are_closed(compound):
    client = compound.app.test_client()
    assert [client.get(path).status_code for path in ("/staff/tf-rescue", "/staff/tf-select")] == [404, 404]


def test_strangers_reach_no_page_of_staff_or_residents(compound):
    client = compound.app.test_client()
    closed = [
        rule.rule
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments
        and (access_of(compound.app, rule.endpoint) or ("", ""))[0] in (STAFF, RESIDENT)
    ]
    assert len(closed) > 15
    assert {client.get(path).status_code for path in closed} <= {302, 401, 303}


def test_each_role_reads_exactly_the_pages_its_row_allows(compound):
    pages = [
        (rule.rule, access_of(compound.app, rule.endpoint)[1])
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.rule.startswith("/manage")
    ]
    wrong = []
    for role in ROLES:
        client = compound.signed_in(role)
        for path, action in pages:
            expected = 200 if may(action, [role]) else 403
            got = client.get(path).status_code
            wrong += [(role, path, got)] * (got != expected)
    assert wrong == []
    assert len(pages) >= 14


def test_each_role_is_refused_every_act_outside_its_row(compound):
    acts = [
        (rule.rule, access_of(compound.app, rule.endpoint)[1])
        for rule in compound.app.url_map.iter_rules()
        if "POST" in rule.methods and rule.rule.startswith("/manage")
        and access_of(compound.app, rule.endpoint) != (STAFF, "own_account")  # each role's, and one signs out
    ]
    compound.app.config["WTF_CSRF_ENABLED"] = False
    wrong = []
    for role in ROLES:
        client = compound.signed_in(role)
        for rule, action in acts:
            one_of = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule)  # a word that is not on its list is a 404
            path = "/".join("x" if part.startswith("<") else part for part in one_of.split("/"))
            got = client.post(path).status_code
            wrong += [(role, path, got)] * ((got == 403) == may(action, [role]))
    assert wrong == []


def test_an_unknown_role_or_action_is_a_no():
    assert not may("see_now", ["janitor"])
    assert not may("see_everything", ["manager"])
    with pytest.raises(ValueError, match="see_everything"):
        allowed("see_everything")


def test_guards_and_installers_see_no_named_passages_and_no_card_holders():
    for role in ("guard", "installer"):
        assert not ACTIONS_BY_ROLE[role] & {"see_named_passages", "see_card_holder", "edit_privacy"}
    assert ACTIONS_BY_ROLE["manager"] == ACTIONS


def test_only_the_manager_makes_emergency_codes_and_gives_the_right_to_open_in_lockdown():
    for action in ("manage_emergency_codes", "give_override"):
        assert [role for role in ROLES if may(action, [role])] == ["manager"]


def test_the_page_of_roles_has_plain_words_for_every_action_and_role():
    assert {action for group in ACTION_WORDS.values() for action in group} == ACTIONS
    assert set(ROLE_SENTENCES) == set(ROLES)


def test_public_pages_are_few(compound):
    public = {
        rule.endpoint
        for rule in compound.app.url_map.iter_rules()
        if (access_of(compound.app, rule.endpoint) or ("", ""))[0] == PUBLIC
    }
    assert {"pages.front", "privacy.rules", "pages.switch_language"} <= public
    assert not {endpoint for endpoint in public if endpoint.startswith(("now.", "people.", "events."))}


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("guard", "/manage/events/person/{person}"),
        ("guard", "/manage/cards/"),
        ("guard", "/manage/cards/give/{person}"),
        ("guard", "/manage/people/{person}/move-out"),
        ("guard", "/manage/people/{person}/grants"),
        ("guard", "/manage/gates/north/lanes/north-in"),
        ("guard", "/manage/privacy/notice"),
        ("guard", "/manage/emergency/"),
        ("guard", "/manage/events/who/north/101?journal=j"),
        ("installer", "/manage/emergency/new"),
        ("installer", "/manage/events/who/north/101?journal=j"),
        ("installer", "/manage/people/{person}"),
        ("installer", "/manage/events/person/{person}"),
        ("installer", "/manage/lockdown"),
        ("privacy_officer", "/manage/people/{person}"),
        ("privacy_officer", "/manage/lockdown"),
    ],
)
def test_what_a_role_must_never_read(compound, role, path):
    answer = compound.signed_in(role).get(path.format(person=compound.persons["王芳"]))
    assert answer.status_code == 403
