"""People from a spreadsheet: everything wrong is shown first, then all are added or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, audit_kinds, by_phone, gate_view, household, offer_face, show_card
from web_admin.action.base import Action
from web_admin.compound.models import UNASSIGNED, Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.face.actions import consentable_notice
from web_admin.journal.ledger import verify_audit
from web_admin.people.actions import add_person
from web_admin.people.invitations import invite
from web_admin.people.unassigned_cards import give_to_person
from web_admin.people_import.apply import Imported, apply_people
from web_admin.people_import.check import SheetOptions, check_people

GOOD = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,林二,,\n,王三,员工,1002\n"


@contextmanager
def queries(act: Action) -> Iterator[list[str]]:
    """Collect every statement that reaches the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    engine = act.session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def people(act: Action) -> int:
    return act.session.scalars(select(func.count()).select_from(Person)).one()


@pytest.mark.publishing
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_in_any_usual_encoding_is_read_alike_and_its_cards_open(act: Action, encoding: str) -> None:
    add_lane(act)
    plan = check_people(act, GOOD.encode(encoding))
    assert (plan.problems, people(act)) == ((), 0)
    assert apply_people(act, plan).added == 3
    assert {person.display_name for person in act.session.scalars(select(Person))} == {"林一", "林二", "王三"}
    assert show_card(act, 1001).reason is Reason.GRANTED
    assert act.session.get_one(Site, act.site_id).version >= 1


def test_a_list_of_the_property_office_is_read_with_its_own_words(act: Action) -> None:
    add_lane(act)
    sheet = (
        "门牌号,业主姓名,身份,IC卡号\n3-1203,林一,业主,1001\n3-1203,林二,家属,\n"
        "3-1203,小王,保姆,\n2-0101,赵四,租户,\n"
    )
    plan = check_people(act, sheet.encode("gb18030"))
    assert plan.problems == ()
    assert [row.kind for row in plan.rows] == ["resident", "resident", "helper", "resident"]
    assert [row.card for row in plan.rows] == [1001, None, None, None]


def test_a_resident_or_helper_whose_home_was_forgotten_is_named_and_staff_are_not(act: Action) -> None:
    plan = check_people(act, "房号,姓名,类别\n,林一,\n,小王,保姆\n,王三,员工\n".encode())
    assert [(problem.row, problem.field) for problem in plan.problems] == [(2, "home"), (3, "home")]


def test_every_wrong_field_is_named_with_its_row_and_nothing_is_written(act: Action) -> None:
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    sheet = (
        "home,name,kind,card\n"
        "abc,A,resident,1\n"
        "1-1,,helper,2\n"
        "1-1,B,dog,3\n"
        "1-1,C,resident,zebra\n"
        "1-1,D,resident,9\n"
        "1-1,E,resident,9\n"
        "1-1,F,resident,77\n"
        "1-1,=cmd(),resident,10\n"
        "1-1,G,resident,11,more\n"
    )
    plan = check_people(act, sheet.encode())
    assert [(problem.row, problem.field) for problem in plan.problems] == [
        (2, "home"),
        (3, "name"),
        (4, "kind"),
        (5, "card"),
        (7, "card"),
        (8, "card"),
        (9, "name"),
        (10, "row"),
    ]
    with pytest.raises(ActionRefused):
        apply_people(act, plan)
    assert people(act) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"name,photo\nA,x\n",
        b"name\n" + b"A\n" * 10001,
        b"name\n" + b"A" * (2 * 1024 * 1024),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_as_a_whole(act: Action, data: bytes) -> None:
    with pytest.raises(ActionRefused) as refused:
        check_people(act, data)
    assert refused.value.field == "file"


def read_in(act: Action, text: str, *, complete: bool = False) -> Imported:
    plan = check_people(act, text.encode(), SheetOptions(is_complete=complete))
    assert plan.problems == ()
    return apply_people(act, plan)


@pytest.mark.publishing
def test_a_sheet_changes_kinds_and_gives_cards_to_who_is_here_already(act: Action) -> None:
    add_lane(act)
    home, person = household(act, name="林一")
    assert home.number == "3-1203"
    done = read_in(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n")
    assert (done.added, done.changed, done.ended) == (1, 1, 0)
    assert act.session.get_one(Person, person.person_id).kind == "helper"
    assert show_card(act, 1001).person_id == person.person_id
    again = check_people(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n".encode())
    assert again.does_nothing


@pytest.mark.publishing
def test_who_is_not_in_the_sheet_stays_unless_the_sheet_is_marked_complete(act: Action) -> None:
    add_lane(act)
    _, gone = household(act, "3-1203", "Gone")
    issue_card(act, gone.person_id, 77)
    guard = add_person(act, display_name="Guard", kind="staff")
    sheet = "home,name,kind,card\n1-1,Ann,,1001\n"
    assert read_in(act, sheet).ended == 0
    assert show_card(act, 77).opens
    plan = check_people(act, sheet.encode(), SheetOptions(is_complete=True))
    assert [person.name for person in plan.ended] == ["Gone"]
    assert show_card(act, 77).opens
    assert apply_people(act, plan).ended == 1
    assert show_card(act, 77).reason is Reason.CREDENTIAL_ENDED
    assert act.session.get_one(Person, guard.person_id).ended_at is None


def test_a_sheet_with_a_wrong_cell_ends_no_person(act: Action) -> None:
    household(act, "3-1203", "Gone")
    plan = check_people(act, b"home,name\nx,Ann\n", SheetOptions(is_complete=True))
    assert (len(plan.problems), plan.ended) == (1, ())


@pytest.mark.publishing
def test_a_card_without_a_holder_opens_belongs_to_the_home_and_finds_its_holder_later(act: Action) -> None:
    add_lane(act)
    sheet = "home,name,kind,card\n3-1203,,,1001\n3-1203,,,1002\n3-1203,林一,,\n"
    done = read_in(act, sheet)
    assert (done.added, done.home_cards) == (1, 2)
    holder_id = show_card(act, 1001).person_id
    holder = act.session.get_one(Person, holder_id)
    assert (holder.kind, holder.home.number) == (UNASSIGNED, "3-1203")
    assert show_card(act, 1002).person_id == holder_id
    assert check_people(act, sheet.encode()).does_nothing
    lin = act.session.scalars(select(Person).where(Person.display_name == "林一")).one()
    card = next(row for row in holder.credentials if row.lookup == card_lookup(act.sealer, 1001))
    give_to_person(act, card.credential_id, lin.person_id)
    assert (show_card(act, 1001).opens, show_card(act, 1001).person_id) == (True, lin.person_id)
    assert read_in(act, "home,name,kind,card\n3-1203,林一,,1002\n").changed == 1
    assert (show_card(act, 1002).opens, show_card(act, 1002).person_id) == (True, lin.person_id)


@pytest.mark.publishing
def test_a_homes_unassigned_cards_give_no_phone_pin_or_face(act: Action) -> None:
    add_lane(act)
    read_in(act, "home,name,kind,card\n3-1203,,,1001\n3-1203,Lin,,1002\n")
    holder_id = str(show_card(act, 1001).person_id)
    offer_face(act)
    for forbidden in (
        lambda: invite(act, holder_id),
        lambda: issue_pin(act, holder_id),
        lambda: consentable_notice(by_phone(act, holder_id), act.session.get_one(Person, holder_id), 1, "en"),
    ):
        with pytest.raises(ActionRefused, match="belong to the home"):
            forbidden()
    offers = gate_view(act).face_offers
    assert (len(offers), holder_id in offers) == (1, False)
    other = add_person(act, display_name="Other")
    with pytest.raises(ActionRefused, match="same home"):
        give_to_person(
            act, act.session.get_one(Person, holder_id).credentials[0].credential_id, other.person_id
        )


@pytest.mark.publishing
def test_a_card_whose_time_is_over_is_free_for_the_sheet_and_ends_where_it_was(act: Action) -> None:
    add_lane(act)
    _, person = household(act, name="Old")
    issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(hours=1))
    later = replace(act, now=act.now + timedelta(hours=2))
    read_in(later, "home,name,kind,card\n1-1,New,,77\n")
    assert show_card(later, 77).opens
    assert [row.state for row in act.session.get_one(Person, person.person_id).credentials] == ["ended"]


def test_a_sheet_leaves_a_ledger_as_single_acts_do(act: Action) -> None:
    add_lane(act)
    read_in(act, GOOD)
    assert audit_kinds(act)[-7:] == [
        "home_added",
        "person_added",
        "card_issued",
        "person_added",
        "person_added",
        "card_issued",
        "people_imported",
    ]
    assert verify_audit(act.session, act.site_id)[0] == len(audit_kinds(act))


def test_the_check_of_a_long_sheet_and_of_a_short_one_ask_the_database_equally_often(act: Action) -> None:
    add_lane(act)

    def asked(count: int, first: int) -> int:
        rows = "".join(f"{i}-1,P{i},,{i}\n" for i in range(first, first + count))
        with queries(act) as seen:
            check_people(act, ("home,name,kind,card\n" + rows).encode())
        return len(seen)

    few = asked(10, 1)
    read_in(act, "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{i}\n" for i in range(1, 1001)))
    assert asked(1000, 1) == few


@pytest.mark.publishing
def test_two_thousand_people_are_written_in_few_statements(act: Action) -> None:
    add_lane(act)
    sheet = "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{i}\n" for i in range(1, 2001))
    with queries(act) as seen:
        assert read_in(act, sheet).added == 2000
    assert len(seen) < 120
    assert show_card(act, 2000).opens
