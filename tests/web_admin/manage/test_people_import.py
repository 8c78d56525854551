"""People from a sheet on the manager's page: shown first, wrong fields in their cells, added once."""

import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from tests.support.act_previews import done
from tests.support.compounds.managed import PEOPLE
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.sent_sheets import PATH, WRONG, cell_of, hidden_of, upload
from web_admin.accounts import permissions
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import current_menjin
from web_admin.manage import people_import
from web_admin.people_import import check

GOOD = (
    "房号,姓名,类别,卡号\n"
    "7-0101,何静,住户,7100001\n"
    "7-0101,何勇,,\n"
    '3-1203,何慧,家政,"108,45678"\n'
    ",钱工,员工,7100003\n"
)


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def count(compound):
    """Return how many homes, people and cards the compound has."""

    def counted():
        with compound.app.app_context(), current_menjin().database.session() as session:
            kinds = (Home, Person, CredentialRow)
            return tuple(session.scalar(select(func.count()).select_from(kind)) for kind in kinds)

    return counted


def test_the_page_of_people_leads_to_the_sheet(client):
    assert f'href="{PATH}"' in client.get("/manage/people/").text


@pytest.mark.parametrize(
    ("language", "header"), [("zh", '"房号","姓名","类别","卡号"'), ("en", '"home","name","kind","card"')]
)
def test_the_empty_sheet_opens_right_in_a_spreadsheet_in_the_pages_language(compound, language, header):
    answer = compound.signed_in(language=language).get(f"{PATH}/template.csv")
    assert answer.data == b"\xef\xbb\xbf" + header.encode() + b"\r\n"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="menjin-people.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_an_empty_sheet_that_comes_back_filled_in_is_read(client):
    sheet = client.get(f"{PATH}/template.csv").data + b"7-0101,Ann,,\r\n"
    assert hidden_of(upload(client, sheet).text)["sheet"]


@pytest.mark.wide
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_good_sheet_is_shown_first_and_its_yes_adds_everyone(client, count, encoding):
    before = count()
    shown = upload(client, GOOD.encode(encoding))
    assert shown.status_code == 200
    assert re.findall(r"<dd>(\d+)</dd>", shown.text) == ["1", "4", "0", "0", "3"]
    assert [name for name in ("何静", "何勇", "何慧", "钱工", "7100001") if name not in shown.text] == []
    assert count() == before
    added = client.post(f"{PATH}/confirm", data=hidden_of(shown.text))
    assert (added.status_code, added.headers["Location"]) == (303, "/manage/people/")
    assert tuple(now - then for now, then in zip(count(), before, strict=True)) == (1, 4, 3)
    page = client.get("/manage/people/").text
    assert "Read in: added: 4." in page
    assert "Next: print the new people&#39;s invitations" in page
    assert "何静" in page


@pytest.mark.wide
def test_a_yes_that_is_sent_again_adds_no_person(client, count):
    yes = hidden_of(upload(client, GOOD.encode()).text)
    client.post(f"{PATH}/confirm", data=yes)
    after = count()
    assert client.post(f"{PATH}/confirm", data=yes).status_code == 303
    assert "not done twice" in client.get("/manage/people/").text
    other_token = client.post(f"{PATH}/confirm", data=yes | {"once": "x" * 24})
    assert (other_token.status_code, count()) == (303, after)


def test_a_sheet_that_is_read_again_after_its_yes_has_nothing_to_do(client):
    client.post(f"{PATH}/confirm", data=hidden_of(upload(client, GOOD.encode()).text))
    again = upload(client, GOOD.encode())
    assert again.status_code == 200
    assert re.findall(r"<dd>(\d+)</dd>", again.text) == ["0", "0", "0", "4", "0"]
    assert "There is nothing to do." in again.text
    assert "/confirm" not in again.text


def test_without_the_right_to_see_cards_no_number_and_no_holder_is_shown(compound, monkeypatch):
    row = permissions.ACTIONS_BY_ROLE["manager"] - {"see_card_holder"}
    monkeypatch.setitem(permissions.ACTIONS_BY_ROLE, "manager", row)
    client = compound.signed_in("manager")
    wrong = upload(client, WRONG.encode()).text
    assert "This card is in use already." in cell_of(wrong, 6, "Card")
    assert [said for said in ("Home 3-1203 holds", "4200005", "7100006", "left over") if said in wrong] == []
    shown = upload(client, GOOD.encode()).text
    visible = shown.replace(hidden_of(shown)["sheet"], "")
    assert [number for number in ("7100001", "7122542", "7100003") if number in visible] == []


NO_SHEETS = (
    (b"", "The file is empty."),
    (b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(60), "This is no CSV text."),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "This is no CSV text."),
    (b"home,photo\n1,x\n", "The first row names the columns"),
    (b"home,name,kind,card\n\n\n", "The file has no people."),
    (b"name\n" + b"A\n" * 10001, "more than 10000 rows"),
    (b"name\n" + b"A" * (2 * 1024 * 1024), "larger than 2 MB"),
    (b"name\n" + b"A" * (9 * 1024 * 1024), "larger than 2 MB"),
)


@pytest.mark.wide
def test_a_file_that_is_no_such_sheet_is_refused_beside_its_field(client, count):
    before = count()
    for data, error in NO_SHEETS:
        answer = upload(client, data, "people.xlsx")
        assert answer.status_code in (413, 422)
        assert re.search(r'id="file-wrong-1">.*?' + error, answer.text, re.DOTALL), error
        assert 'aria-invalid="true"' in answer.text
    assert count() == before


def test_no_file_at_all_says_so_beside_the_field(client):
    answer = client.post(PATH, data={"csrf_token": csrf_of(client.get(PATH).text)})
    assert answer.status_code == 422
    assert re.search(r'id="file-wrong-1">.*?Choose a file\.', answer.text, re.DOTALL)


def test_a_large_body_from_a_stranger_is_not_read(compound):
    client = compound.app.test_client()
    answer = upload(client, b"A" * (3 * 1024 * 1024))
    assert answer.status_code == 413
    assert "sheet" not in answer.text


def test_a_sheet_that_was_changed_after_the_check_adds_no_person(client, count):
    before = count()
    yes = hidden_of(upload(client, GOOD.encode()).text)
    other = hidden_of(upload(client, GOOD.replace("7100001", "7100009").encode()).text)
    mixed = other["sheet"].partition(".")[0] + "." + yes["sheet"].rpartition(".")[2]
    for sheet in (mixed, yes["sheet"][:-2], "", "nonsense"):
        answer = client.post(f"{PATH}/confirm", data=yes | {"sheet": sheet})
        assert answer.status_code == 422
        assert "Read the file again." in answer.text
    assert count() == before


def test_a_check_is_good_for_an_hour(client, compound, count):
    before = count()
    yes = hidden_of(upload(client, GOOD.encode()).text)
    compound.clock.now += timedelta(minutes=61)
    answer = client.post(f"{PATH}/confirm", data=yes)
    assert (answer.status_code, count()) == (422, before)


def test_a_card_given_between_check_and_yes_is_shown_and_no_person_is_added(client, compound, count):
    yes = hidden_of(upload(client, GOOD.encode()).text)
    give = f"/manage/cards/give/{compound.persons['林薇']}"
    page = client.get(give).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    client.post(give, data={"csrf_token": csrf_of(page), "once": once, "number": "7100003"})
    before = count()
    answer = client.post(f"{PATH}/confirm", data=yes)
    assert (answer.status_code, count()) == (422, before)
    assert "Home 1-0101 holds this card already." in cell_of(answer.text, 5, "Card")


def test_the_page_speaks_chinese(compound):
    client = compound.signed_in("manager", "zh")
    assert "从表格添加人员" in client.get(PATH).text
    page = upload(client, WRONG.encode()).text
    assert "请填写住户、家政人员或工作人员。" in cell_of(page, 4, "类别")


@pytest.mark.wide
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_excel_sheet_to_fill_in_comes_back_and_is_read(client, language):
    answer = client.get(f"{PATH}/template.xlsx?language={language}")
    book = load_workbook(io.BytesIO(answer.data))
    book.active.append(["7-0101", "何静", None, "7100001"])
    file = io.BytesIO()
    book.save(file)
    shown = upload(client, file.getvalue(), "people.xlsx")
    assert shown.status_code == 200
    assert "何静" in shown.text
    assert client.get(f"{PATH}/template.exe").status_code == 404


@pytest.mark.wide
def test_who_a_complete_sheet_ends_is_shown_before_and_ends_at_the_yes(client, compound):
    token = csrf_of(client.get(PATH).text)
    sheet = "home,name\n" + "".join(f"{home},{name}\n" for home, name in PEOPLE if name != "王磊")
    data = {"csrf_token": token, "is_complete": "y", "file": (io.BytesIO(sheet.encode()), "people.csv")}
    shown = client.post(PATH, data=data)
    assert "王磊" in shown.text.partition('id="ended"')[2].partition("</table>")[0]
    assert "王芳" not in shown.text.partition('id="ended"')[2].partition("</table>")[0]
    done(client, client.post(f"{PATH}/confirm", data=hidden_of(shown.text)))
    with compound.app.app_context(), current_menjin().database.session() as session:
        over = session.scalars(select(Person.display_name).where(Person.ended_at.is_not(None))).all()
    assert over == ["王磊"]


def test_no_request_waits_while_a_sheet_is_read_and_compared(compound, client, monkeypatch):
    """Another writer writes in the middle; on SQLite it would wait half a minute for a lock and then fail."""
    written = []

    def while_another_writes(work):
        def run(*arguments, **more):
            with compound.app.app_context(), current_menjin().database.session() as session:
                session.add(
                    Home(
                        home_id=f"{len(written):016d}",
                        site_id=compound.site_id,
                        number=f"9-{len(written)}",
                        pin_salt=b"s" * 16,
                    )
                )
            written.append(work.__name__)
            return work(*arguments, **more)

        return run

    for place, name in ((people_import, "sheet_text"), (check, "who_is_there")):
        monkeypatch.setattr(place, name, while_another_writes(getattr(place, name)))
    page = upload(client, GOOD.encode())
    assert (page.status_code, written) == (200, ["sheet_text", "who_is_there"])
