"""The page that asks a lane sheet part by part, until the lane is live."""

import pytest

from tests.support.compounds.resident import csrf_of
from web_admin.gates.sheet_models import LaneSheetRow

PATH = "/manage/lanes/garage-out/sheet/parts"


def send(client, part: str, data: dict[str, str]):
    path = f"{PATH}?part={part}"
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text), **data})


@pytest.mark.wide
def test_the_parts_are_asked_one_after_another_until_the_lane_is_live(compound) -> None:
    client = compound.signed_in("installer")
    refused = send(client, "lock", {"lock": ""})
    assert refused.status_code == 422
    assert "data-problems" in refused.text
    answers = [
        ("lock", {"lock": "fail_secure_strike"}),
        ("escape", {"on_escape_route": "yes"}),
        ("exit", {"free_exit": "handle", "fire_release": "mechanical", "manual_release": "y"}),
        ("exit_sign", {}),
        ("reach", {"reader_heights_mm": "1100"}),
        ("camera", {"camera_location": ""}),
    ]
    for (part, data), (following, _data) in zip(answers, [*answers[1:], ("", {})], strict=True):
        sent = send(client, part, data)
        assert sent.status_code == 303, sent.text
        assert sent.headers["Location"].endswith(f"part={following}" if following else "/sheet")
    page = client.get("/manage/lanes/garage-out/sheet").text
    assert "The lane is live." in page
    assert "Without a controller: 车库." in page
    with compound.act() as act:
        row = act.session.get_one(LaneSheetRow, "garage-out")
        assert (row.live["lock"], row.live["fails"], row.live["reader_heights_mm"]) == (
            "fail_secure_strike",
            "secure",
            [1100],
        )
        assert row.draft is None


def test_a_way_out_that_does_not_fit_the_lock_is_refused_where_it_is_asked(compound) -> None:
    client = compound.signed_in("installer")
    send(client, "lock", {"lock": "fail_secure_strike"})
    send(client, "escape", {"on_escape_route": "yes"})
    refused = send(
        client,
        "exit",
        {"free_exit": "button_cuts_power", "fire_release": "mechanical", "manual_release": "y"},
    )
    assert refused.status_code == 422
    assert "only where a handle opens it" in refused.text.partition("data-problems")[2].partition("</div>")[0]


def test_the_first_hour_is_led_through_and_back(compound) -> None:
    client = compound.signed_in("manager")
    path = f"{PATH}?part=lock&then=first-hour"
    token = csrf_of(client.get(path).text)
    sent = client.post(path, data={"csrf_token": token, "lock": "barrier"})
    assert sent.headers["Location"].endswith("?part=power&then=first-hour")
