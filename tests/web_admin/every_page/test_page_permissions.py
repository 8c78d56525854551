"""Every route says who it is for; the table of roles is what each page obeys."""

import pytest

from demo.bench.entrances import DOORS
from tests.support.compounds.managed import ROLES
from tests.support.permission_matrix import MAY, WHO
from web_admin import create_app
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


def test_every_route_has_declared_who_it_is_for(compound):
    undeclared = {
        rule.endpoint
        for rule in compound.app.url_map.iter_rules()
        if access_of(compound.app, rule.endpoint) is None
        and rule.endpoint.partition(".")[0] not in CLOSED_BLUEPRINTS
    }
    assert undeclared == set()


@pytest.mark.wide
def test_an_undeclared_route_answers_404(web_config, database, now):
    app = create_app(web_config, clock=lambda: now)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/forgotten").status_code == 404
    app.extensions["menjin"].database.engine.dispose()


def test_routes_of_the_sign_in_library_that_we_do_not_offer_are_closed(compound):
    client = compound.app.test_client()
    assert [client.get(path).status_code for path in ("/staff/tf-rescue", "/staff/tf-select")] == [404, 404]


@pytest.mark.parametrize("door", DOORS)
def test_the_doors_of_the_demo_are_no_part_of_the_server(compound, door):
    client = compound.app.test_client()
    assert client.post(f"/enter/{door}").status_code == 404
    assert [rule.rule for rule in compound.app.url_map.iter_rules() if "enter" in rule.rule.split("/")] == []


def test_strangers_reach_no_page_of_staff_or_residents(compound):
    client = compound.app.test_client()
    closed = [
        rule.rule
        for rule in compound.app.url_map.iter_rules()
        if "GET" in rule.methods
        and not rule.arguments
        and (access_of(compound.app, rule.endpoint) or ("", ""))[0] in (STAFF, RESIDENT)
    ]
    assert len(closed) > 15
    assert {client.get(path).status_code for path in closed} <= {302, 401, 303}


def test_the_table_of_roles_and_the_one_written_by_hand_say_the_same(compound):
    """Each route is walked by each role in `test_permission_matrix.py`, against the table by hand."""
    declared = {
        endpoint: access_of(compound.app, endpoint)[1]
        for endpoint in MAY
        if (access_of(compound.app, endpoint) or ("", ""))[0] == STAFF
        and not endpoint.startswith("security.")  # between two steps of the sign-in the library decides
    }
    wrong = [
        (role, endpoint)
        for endpoint, action in declared.items()
        for letter, role in WHO.items()
        if role in ROLES and may(action, [role]) != (letter in MAY[endpoint])
    ]
    assert wrong == []
    assert len(declared) > 100


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
