"""A lane sheet asks one part at a time, and only what the lock and the way out need."""

import pytest

from gate_controller.contract.lane_sheet import LaneSheet
from tests.support.compounds.resident import csrf_of
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheet_parts import parts_of, with_what_follows

PATH = "/manage/lanes/garage-out/sheet/parts"


@pytest.mark.parametrize(
    ("sheet", "asked"),
    [
        (LaneSheet(), ["lock", "escape", "reach", "camera"]),
        (LaneSheet(lock="fail_secure_strike"), ["lock", "escape", "reach", "camera"]),
        (LaneSheet(lock="turnstile"), ["lock", "power", "escape", "reach", "camera"]),
        (LaneSheet(lock="barrier", on_escape_route=False), ["lock", "power", "escape", "reach", "camera"]),
        (
            LaneSheet(lock="fail_safe_magnet", on_escape_route=True, camera_location="lobby"),
            ["lock", "escape", "exit", "exit_sign", "reach", "camera", "camera_sign"],
        ),
    ],
)
def test_only_what_the_lane_needs_is_asked(sheet, asked) -> None:
    assert [part.key for part in parts_of(sheet)] == asked


def test_a_drive_alone_is_asked_for_its_safety_input() -> None:
    fields = {
        lock: {name for part in parts_of(LaneSheet(lock=lock)) for name in part.fields}
        for lock in ("barrier", "turnstile")
    }
    assert "safety_input" in fields["barrier"]
    assert "safety_input" not in fields["turnstile"]


@pytest.mark.parametrize(
    ("lock", "fails"), [("fail_secure_strike", "secure"), ("fail_safe_magnet", "safe"), ("barrier", None)]
)
def test_what_a_lock_does_without_power_follows_from_its_kind(lock, fails) -> None:
    assert with_what_follows(LaneSheet(lock=lock)).fails == fails


def send(client, part: str, data: dict[str, str]):
    path = f"{PATH}?part={part}"
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text), **data})


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
