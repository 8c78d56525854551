"""The harness itself: the server that the other tests of this folder ask is the real one."""

from tests.served.served_compound import ServedCompound


def test_staff_sign_in_over_a_real_socket_and_see_the_compound(served: ServedCompound) -> None:
    manager = served.signed_in("manager")
    page = manager.get("/manage/people")
    assert page.status_code == 200
    assert "林薇" in page.text


def test_a_stranger_sees_no_page_of_staff(served: ServedCompound) -> None:
    answer = served.browser().get("/manage/people")
    assert "/staff/sign-in" in answer.url
    assert "林薇" not in answer.text
