"""The pages of a lane sheet: the form and the signature."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from gate_controller.contract.lane_sheet import SHEET_RULES
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from tests.web_admin.manage.kept_sheets import beside, send, stored
from tests.web_admin.manage.lane_sheet_form import EDIT, FORM, SHEET

REFUSED = {
    "free_exit": "escape_no_free_exit",
    "fire_release": "escape_no_fire_release",
    "camera_sign_photo": "camera_no_sign",
}


@pytest.fixture
def compound_begins():
    return datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def client(compound):
    return compound.signed_in("installer")


def test_an_installer_fills_in_a_sheet_and_the_lane_goes_live(client, compound):
    assert "Not live: lane sheet missing" in client.get("/manage/gates/").text
    answer = send(client, "live")
    assert answer.status_code == 303, beside(answer.text, ".*")
    assert stored(compound) == (WHOLE_SHEET, None)
    page = client.get(SHEET).text
    assert "binder 1, camera" in page
    assert "The lane is live." in page
    assert "What is to be done" not in page
    assert "Not live" not in client.get("/manage/gates/").text


def test_an_escape_route_without_free_exit_is_refused_beside_the_fields_and_stays_as_typed(client, compound):
    answer = send(client, "live", free_exit="none", fire_release="none", camera_sign_photo="")
    assert answer.status_code == 422
    for field, code in REFUSED.items():
        assert beside(answer.text, field) == [SHEET_RULES[code].sentence]
    assert "binder 1, exit" in answer.text
    assert stored(compound) == (None, None)
    assert "Not live: lane sheet missing" in client.get("/manage/").text


def test_a_draft_is_always_kept_and_goes_on_where_it_was_left(client, compound):
    bare = dict.fromkeys(FORM, "") | {"manual_release": None, "is_accessible_lane": None}
    assert send(client, "draft", **(bare | {"emergency_access": "key box"})).status_code == 303
    live, draft = stored(compound)
    assert (live, draft.emergency_access, draft.lock, draft.on_escape_route) == (None, "key box", None, None)
    page = client.get(SHEET).text
    assert "This is a draft of" in page
    assert "Say whether people leave through this lane" in page
    assert 'value="key box"' in client.get(EDIT).text
    assert send(client, "draft", free_exit="none").status_code == 303
    assert stored(compound)[1].free_exit == "none"


def test_a_live_sheet_stays_when_its_change_is_refused(client, compound):
    path = "/manage/lanes/north-in/sheet/edit"
    assert send(client, "live", path, on_escape_route="no", fails="safe").status_code == 422
    assert stored(compound, "north-in") == (WHOLE_SHEET, None)
    assert send(client, "live", path, on_escape_route="no").status_code == 303
    changed = msgspec.structs.replace(WHOLE_SHEET, on_escape_route=False)
    assert stored(compound, "north-in") == (changed, None)


def test_a_warning_is_shown_and_does_not_refuse(client, compound):
    assert send(client, "live", reader_heights_mm="1400，1300", last_drill="2025-01-01").status_code == 303
    page = client.get(SHEET).text
    assert "The reader at 1400 mm is out of reach" in page
    assert "The last release drill was" in page


def test_a_sheet_prints_with_a_place_to_sign(client):
    page = client.get("/manage/lanes/north-in/sheet").text
    assert "data-print" in page
    assert "Date and signature of the installer" in page


def test_a_guard_reads_no_sheet_and_changes_none_but_sees_that_a_lane_is_not_live(compound):
    guard = compound.signed_in("guard")
    assert guard.get(SHEET).status_code == 403
    assert guard.post(EDIT).status_code in {400, 403}
    assert "Not live: lane sheet missing" in guard.get("/manage/").text
    assert "Not live: lane sheet missing" in guard.get("/manage/lanes/garage-out").text


def test_the_page_speaks_chinese(compound):
    page = compound.signed_in("manager", "zh").get(SHEET).text
    assert "缺少通道登记表" in page


def test_a_lane_that_does_not_exist_has_no_sheet(client):
    assert client.get("/manage/lanes/nowhere/sheet").status_code == 404


def test_a_sheet_read_into_the_form_and_sent_again_is_the_same(client, compound):
    page = client.get("/manage/lanes/north-in/sheet/edit").text
    ticked = re.findall(r"<input[^>]*checked[^>]*>", page)
    once_each = ("fails", "on_escape_route", "free_exit", "fire_release", "manual_release", "accessible")
    assert len(ticked) == len(once_each)
    assert 'value="1100"' in page
    assert '<option selected value="gate_outside">' in page


@pytest.mark.wide
@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("reader_heights_mm", "high", "whole numbers"),
        ("reader_heights_mm", "1 2 3 4 5 6 7 8 9", "at most 8"),
        ("reader_heights_mm", "²", "whole numbers"),
        ("opening_width_mm", "0", "From 1 to 20000"),
        ("camera_view", "x" * 201, "200"),
        ("last_drill", "soon", ""),
        ("lock", "rope", ""),
    ],
)
def test_what_cannot_be_measured_is_refused_even_as_a_draft(client, compound, field, typed, says):
    answer = send(client, "draft", **{field: typed})
    assert answer.status_code == 422
    assert says in "".join(beside(answer.text, field))
    assert beside(answer.text, field)
    assert stored(compound) == (None, None)
