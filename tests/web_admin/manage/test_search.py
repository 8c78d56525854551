"""The menu and the one search: what a role may not see is neither shown nor found."""

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.found_pages import PATH, found


def test_people_and_homes_are_found_by_name_and_number(compound) -> None:
    page = found(compound.signed_in("manager"), "王")
    assert "王芳" in page
    assert "Home 3-1203" in page
    homes = found(compound.signed_in("manager"), "3-1203")
    assert "/manage/people/homes/" in homes
    assert "王芳" in homes


def test_the_only_thing_found_is_opened(compound) -> None:
    answer = found(compound.signed_in("manager"), "Ana Ruiz")
    assert answer.status_code == 302
    assert "/manage/people/" in answer.headers["Location"]


def test_a_long_text_makes_no_long_address(compound) -> None:
    manager = compound.signed_in("manager")
    token = csrf_of(manager.get(PATH).text)
    led = [
        manager.post(PATH, data={"q": "x" * length, "csrf_token": token}).headers["Location"]
        for length in (60, 5000)
    ]
    assert len(led[0]) == len(led[1])
    assert 'value="" maxlength="40"' in manager.get("/manage/people/").text
    assert 'value="" maxlength="60"' in manager.get("/manage/visitors/").text


def test_an_installer_finds_gates_and_lanes_but_no_person_and_no_event(compound) -> None:
    installer = compound.signed_in("installer")
    assert "Nothing found" in found(installer, "王")
    assert "Nothing found" in found(installer, "Passages")
    gates = found(installer, "北门")
    assert "/manage/gates/north" in gates
    assert "/manage/lanes/north-in" in gates


def test_a_guard_finds_events_and_pages_that_guards_may_see(compound) -> None:
    guard = compound.signed_in("guard")
    assert "kind=alarms" in found(guard, "Alarms")
    assert "Nothing found" in found(guard, "Settings")


def test_whose_card_it_is_needs_a_reason(compound) -> None:
    manager = compound.signed_in("manager")
    page = found(manager, "0004200001")
    assert "Why do you look?" in page
    assert "/manage/people/" not in page
    assert "Why do you look?" not in found(compound.signed_in("guard"), "0004200001")
