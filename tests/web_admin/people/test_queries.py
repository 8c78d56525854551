"""Lists of people: one person, and all of them."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.moved_people import MOVE_IN, names_in
from web_admin.action.base import one_publication
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import suspend_credential
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home
from web_admin.people.invitations import invite, revoke_invitations
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import check_people


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@contextmanager
def queries(compound):
    """Collect every statement that reaches the database meanwhile."""
    seen = []
    with compound.app.app_context():
        engine = current_menjin().database.engine
    note = lambda _c, _cursor, statement, *_rest: seen.append(statement)  # noqa: E731 - the library's shape
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=芳", ["王芳"]),
        ("q=31203", ["王芳", "王磊"]),
        ("q=%25", []),
        ("building=5", ["刘洋", "吴静"]),
        ("kind=staff", ["保安队长", "保洁员"]),
        ("building=none", ["保安队长", "保洁员"]),
        ("state=nothing", ["保安队长", "保洁员"]),
        ("state=moved_out", []),
        ("building=3&kind=resident&q=Ruiz", ["Ana Ruiz"]),
        ("kind=emperor&state=lost&building=3", ["王芳", "王磊", "Ana Ruiz"]),
    ],
)
def test_people_are_found_by_name_home_building_kind_and_state(client, query, names):
    assert names_in(client.get(f"/manage/people/?{query}").text) == names


@pytest.mark.wide
def test_the_pages_ask_the_database_equally_often_with_a_thousand_people_more(client, compound):
    person = compound.persons["王芳"]
    with at(compound) as act:
        home_id = act.session.get_one(Person, person).home_id
    paths = (
        "/manage/people/",
        "/manage/people/?q=a&kind=resident",
        "/manage/people/?building=none",
        f"/manage/people/{person}",
        f"/manage/people/homes/{home_id}/move-out",
        "/manage/cards/",
        MOVE_IN,
    )
    client.get("/manage/")

    def asked():
        counts = {}
        for path in paths:
            with queries(compound) as seen:
                assert client.get(path).status_code == 200
            counts[path] = len(seen)
        return counts

    few = asked()
    rows = [f"3-1203,a{i},,{i}" for i in range(1, 9)] + [f"8{i:04d}-7,a{i},,{i}" for i in range(20, 1012)]
    staff = [f",b{i},staff," for i in range(60)]
    with at(compound) as act:
        plan = check_people(act, "\n".join(["home,name,kind,card", *rows, *staff]).encode())
        assert plan.problems == ()
        apply_people(act, plan)
    assert asked() == few


def row_of(compound, name: str) -> str:
    page = compound.signed_in("guard").get("/manage/people/").text
    return next(row for row in page.split("<tr")[1:] if f">{name}</a>" in row)


def words(row: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row))


def test_a_row_has_state_ways_and_phone_page_of_its_person(compound) -> None:
    person_id = compound.persons["王磊"]
    with compound.act() as act:
        act.session.get_one(Person, person_id).methods = ["card", "qr"]
    assert "Card QR code: On, nothing to use yet Not invited" in words(row_of(compound, "王磊"))
    with compound.act() as act:
        code = invite(act, person_id)
        act.session.get_one(Person, person_id).suspended = True
    assert "Suspended Card: Suspended QR code: Suspended Invited" in words(row_of(compound, "王磊"))
    phone = compound.app.test_client()
    phone.post("/r/welcome", data={"code": code, "csrf_token": csrf_of(phone.get("/r/welcome").text)})
    assert "QR code: Suspended Joined" in words(row_of(compound, "王磊"))


def card_of(session: Session, person_id: str) -> CredentialRow:
    return session.scalars(select(CredentialRow).where(CredentialRow.person_id == person_id)).one()


def page_of(compound, path: str) -> str:
    return words(compound.signed_in().get(path).text)


def test_whose_only_card_is_suspended_has_no_working_way_in(compound) -> None:
    person_id = compound.persons["王磊"]
    with compound.act() as act:
        suspend_credential(act, card_of(act.session, person_id).credential_id)
        home_id = act.session.get_one(Person, person_id).home_id
    row = row_of(compound, "王磊")
    assert "Cannot get in Card: On, nothing to use yet Not invited" in words(row)
    assert row.count('class="pale"') == 1
    assert "Cannot get in" in page_of(compound, f"/manage/people/{person_id}")
    assert page_of(compound, f"/manage/people/homes/{home_id}").count("Cannot get in") == 1


def test_who_was_never_given_a_card_has_no_working_way_in(compound) -> None:
    with compound.act() as act:
        add_person(act, display_name="新来的", kind="staff", lanes=["north-in"])
    assert "Cannot get in Card: On, nothing to use yet" in words(row_of(compound, "新来的"))


def test_who_has_a_working_card_is_active_and_their_way_is_plain(compound) -> None:
    row = row_of(compound, "王磊")
    assert "Card Not invited" in words(row)
    assert 'class="pale"' not in row


def test_a_revoked_invitation_is_none(compound) -> None:
    with compound.act() as act:
        invite(act, compound.persons["王磊"])
        revoke_invitations(act, compound.persons["王磊"])
    assert "Not invited" in words(row_of(compound, "王磊"))


@pytest.mark.wide
def test_homes_stand_in_the_order_of_their_numbers_over_pages(client, compound):
    with at(compound) as act, one_publication(act) as quiet:
        for number in range(200, 0, -1):
            add_home(quiet, f"9-{number}")
    seen, path = [], "/manage/people/?building=9"
    while path:
        page = client.get(path).text
        seen += re.findall(r'<a class="number"[^>]*>9-(\d+)</a>', page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [str(number) for number in range(1, 201)]


def test_people_without_a_home_are_paged_too(client, compound):
    with at(compound) as act, one_publication(act) as quiet:
        for number in range(100):
            add_person(quiet, display_name=f"Guard {number:03d}", kind="staff", lanes=())
    assert "All without a home" in client.get("/manage/people/?kind=staff").text
    first = client.get("/manage/people/?building=none").text
    second = client.get("/manage/people/?building=none&amp;after=40".replace("&amp;", "&")).text
    assert len(names_in(first)) == len(names_in(second)) == 40
    assert not set(names_in(first)) & set(names_in(second))
