"""The list of people as a sheet: all its pages, no more than the list shows, and for those who may."""

import csv
import io

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import hidden_of, read
from tests.web_admin.manage.acting_pages import at
from web_admin.compound.models import Person
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home

NEW, LIST, SHEET = "/manage/visitors/weekly/new", "/manage/people/", "/manage/people/sheet"


def sheet(client, query="", **filters):
    answer = client.post(SHEET, data=hidden_of(client.get(LIST + query).text, SHEET) | filters)
    assert answer.status_code == 200, answer.status_code
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.wide
def test_the_sheet_holds_what_the_list_shows_of_all_its_pages_and_no_more(compound):
    with at(compound) as act:
        for number in range(1, 43):
            add_home(act, f"9-{number}")
        add_person(act, display_name="=HYPERLINK(1)", home_id=None, kind="staff")
        act.session.get_one(Person, compound.persons["王芳"]).suspended = True
    client = compound.signed_in("manager")
    rows = sheet(client)
    assert rows[0] == ["Home", "Name", "State"]
    assert ["3-1203", "王芳", "Suspended"] in rows
    assert ["9-42", "", ""] in rows
    assert ["Staff", "'=HYPERLINK(1)", ""] in rows
    assert len(rows) == 1 + 10 + 42 + 3
    entry = read(
        compound, lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "people_exported")).one()
    )
    assert entry.facts["actor_id"].startswith("staff-")


@pytest.mark.wide
def test_a_search_is_saved_as_it_was_searched_and_its_words_are_no_plain_fact(compound):
    rows = sheet(compound.signed_in("manager"), "?q=芳&building=3")
    assert rows[1:] == [["3-1203", "王芳", ""]]
    entry = read(
        compound, lambda s: s.scalars(select(AuditEntry).where(AuditEntry.kind == "people_exported")).one()
    )
    assert (entry.facts["building"], entry.personal["text"], "芳" in str(entry.facts)) == ("3", "芳", False)
