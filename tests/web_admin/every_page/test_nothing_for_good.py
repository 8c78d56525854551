"""Nothing ends for good by one press: an act is harmless, can be undone, or is confirmed once it was read."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gate_controller.terminal.server import TerminalServer
from head_office.pages.app import Office, create_app
from head_office.settings import Settings
from tests.support.act_previews import done, go_on, is_preview
from tests.support.compounds.desk import hidden_of
from tests.support.ends_of_acts import CONFIRMED, HARMLESS, MAY_END, NOT_YET, UNDONE
from tests.support.permission_matrix import OF_LIBRARIES
from tests.web_admin.every_page.ending_forms import (
    OF_KEYS,
    SENT,
    browser_of,
    key_of_all_scopes,
    north_alone,
    prepare,
    send,
)
from tests.web_admin.every_page.form_walk import Forms, Walk
from tests.web_admin.every_page.stored_rows import contents, rows_of, taken
from tests.web_admin.manage.chosen import confirm, preview
from tests.web_admin.manage.sent_sheets import PATH, upload
from tests.web_admin.manage.sent_sheets import hidden_of as hidden_of_sheet

CLASSES = {"harmless": HARMLESS, "undone": UNDONE, "confirmed": CONFIRMED}
COUNTED = frozenset({"gate.published_version", "gate.next_version", "site.version"})
"""Columns that only count up."""
NOT_BACK = frozenset(
    {
        "account.fs_uniquifier",
        "face_share",
        "forgetting",
        "grant_row.grant_id",
        "hours.hours_id",
        "lane.posture_author_id",
        "lane.schedule_authors",
        "lock_out",
        "staff_invitation",
    }
)
"""Is not as it was when an act is undone: faces, ids, open sessions, unused links, and what is on record."""
ELSEWHERE = frozenset({"bulk.act", "people_import.confirm"})
"""Acts of several steps, which have tests of their own below."""
UI = Path(__file__).parents[3] / "docs" / "ui.md"
WRITING = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@pytest.fixture(scope="module")
def walk(tmp_path_factory) -> Iterator[Walk]:
    walk = Walk(tmp_path_factory.mktemp("compound"))
    yield walk
    walk.compound.close()


def acts_of(app, prefix: str = "") -> set[str]:
    """Return every route of an app that a browser or a machine may write by."""
    rules = app.url_map.iter_rules()
    return {prefix + rule.endpoint for rule in rules if rule.methods & WRITING} - OF_LIBRARIES.keys()


def test_every_act_of_the_product_stands_in_exactly_one_class(compound, capsys) -> None:
    office = create_app(Office(Settings(), None, lambda: None, lambda: None))
    screen = TerminalServer(lambda _act: None, port=0, launch_token="x" * 32)
    acts = {
        *acts_of(compound.app),
        *acts_of(office, "head_office "),
        *acts_of(screen._make_app(), "terminal "),
    }
    named = [*HARMLESS, *UNDONE, *CONFIRMED, *NOT_YET]
    not_named, no_acts = " ".join(sorted(acts - set(named))), " ".join(sorted(set(named) - acts))
    assert not_named == "", "say in tests/support/ends_of_acts.py what ends by it"
    assert no_acts == ""
    assert len(named) == len(set(named))
    assert SENT.keys() | OF_KEYS.keys() | ELSEWHERE == UNDONE.keys() | CONFIRMED.keys()
    said = ", ".join(f"{name} {len(acts)}" for name, acts in CLASSES.items())
    assert f"{len(acts)} acts: {said}" in UI.read_text()
    with capsys.disabled():
        print(f"\n{len(acts)} acts: {said}")


@pytest.mark.wide
@pytest.mark.parametrize("endpoint", sorted(CONFIRMED.keys() & SENT.keys()))
def test_a_confirmed_act_says_what_follows_and_does_nothing_before_that_was_read(walk, endpoint) -> None:
    act = SENT[endpoint]
    words = prepare(walk, act.ready)
    client = browser_of(walk, act.who)
    before = rows_of(walk.file)
    first = send(client, act, words)
    assert rows_of(walk.file) == before
    shown = client.get(act.page.format(**words)) if "data-follows" not in first.text else first
    assert "data-follows" in shown.text, first.text
    answer = send(client, act, words, **act.confirmed) if act.confirmed else first
    answer = go_on(client, answer) if is_preview(answer) else answer
    assert answer.status_code in (200, 303), answer.text
    assert taken(before, rows_of(walk.file)) or rows_of(walk.file) != before
    assert "data-follows" not in answer.text


@pytest.mark.wide
@pytest.mark.parametrize("endpoint", sorted(OF_KEYS))
def test_another_system_learns_what_a_call_takes_before_it_is_done(walk, endpoint) -> None:
    path, body, ready = OF_KEYS[endpoint]
    words = prepare(walk, ready)
    head = {"Authorization": f"Bearer {key_of_all_scopes(walk)}"}
    client, url = walk.compound.app.test_client(), path.format(**words)
    client.post(f"{url}?dry_run=true", json=body, headers=head)
    before = rows_of(walk.file)
    tried = client.post(f"{url}?dry_run=true", json=body, headers=head)
    assert (tried.status_code, tried.json["dry_run"], "no_way_in" in tried.json) == (200, True, True)
    assert rows_of(walk.file) == before
    assert client.post(url, json=body, headers=head).status_code == 200
    assert taken(before, rows_of(walk.file))


def buttons_of(client) -> set[str]:
    """Return where the buttons of the list undo."""
    return set(re.findall(r'action="(/manage/later/[^"]+/undo)"', client.get("/manage/later").text))


@pytest.mark.wide
@pytest.mark.parametrize("endpoint", sorted(UNDONE.keys() & SENT.keys()))
def test_an_act_that_is_undone_leaves_every_row_as_it_was(walk, endpoint) -> None:
    act = SENT[endpoint]
    words = prepare(walk, act.ready)
    client = browser_of(walk, act.who)
    before, older = rows_of(walk.file), buttons_of(client)
    walk.compound.clock.now += timedelta(minutes=1)
    answer = done(client, send(client, act, words))
    assert answer.status_code == 303, answer.text
    assert rows_of(walk.file) != before
    (path,), page = buttons_of(client) - older, client.get("/manage/later").text
    assert done(client, client.post(path, data=hidden_of(page, path))).status_code == 303
    was, now = (
        contents(before, without=COUNTED | NOT_BACK),
        contents(rows_of(walk.file), without=COUNTED | NOT_BACK),
    )
    assert (was - now, now - was) == ({}, {})


@pytest.mark.wide
def test_hours_for_several_people_are_taken_back_on_the_page_of_the_act(walk) -> None:
    person_id = walk.compound.persons["吴静"]
    prepare(walk, lambda walk, session: north_alone(walk, session, person_id))
    client = browser_of(walk, "M")
    before = rows_of(walk.file)
    shown = preview(client, "hours", person_id, step="hours", lanes=["east-in"], hours_id="")
    assert rows_of(walk.file) == before
    page = confirm(client, shown).location
    assert rows_of(walk.file) != before
    done(client, client.post(f"{page}/undo", data=hidden_of(client.get(page).text, f"{page}/undo")))
    was, now = (contents(rows, without=COUNTED | NOT_BACK) for rows in (before, rows_of(walk.file)))
    assert (was - now, now - was) == ({}, {})


@pytest.mark.wide
def test_a_sheet_changes_nothing_before_its_page_was_read(walk) -> None:
    prepare(walk, lambda _walk, _session: {})
    client = browser_of(walk, "M")
    before = rows_of(walk.file)
    checked = upload(client, b"home,name,kind,card\n7-0101,New,resident,7100001\n")
    client.post(f"{PATH}/confirm", data=hidden_of_sheet(checked.text) | {"sheet": "typed"})
    assert rows_of(walk.file) == before
    done(client, client.post(f"{PATH}/confirm", data=hidden_of_sheet(checked.text)))
    assert rows_of(walk.file) != before


@pytest.mark.wide
def test_a_harmless_act_takes_nothing_away(walk) -> None:
    wrong, asked = {}, set()
    for (endpoint, _names), (letter, path, index) in walk.forms().items():
        if endpoint in HARMLESS:
            walk.put_back()
            form = Forms(walk.get(letter, path).text, path).forms[index]
            before = rows_of(walk.file)
            walk.callers.clients[letter].post(form.action, data=form.shown)
            lost = taken(before, rows_of(walk.file)) - MAY_END.get(endpoint, frozenset())
            asked.add(endpoint)
            if lost:
                wrong[endpoint] = lost
    assert wrong == {}, wrong
    assert len(asked) > 80
