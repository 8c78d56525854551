"""Pictures of what gates recorded: ways in, openings by hour, a gate's last day; on pages without a name."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.records import Method
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.events.usage import gate_day, passages_by_hour, ways_in_use, worse_than_face
from web_admin.journal.models import GateEvent

NOW = datetime(2026, 3, 5, 4, 10, tzinfo=UTC)
"""A Thursday, 12:10 at the site."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def compound_begins():
    return NOW


@pytest.fixture
def read(compound):
    def inside(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return inside


@pytest.fixture
def add(compound, read):
    numbers = iter(range(5000, 99999))

    def entries(*kinds_and_times, gate_id="north", lane_id="north-in", late=timedelta(), **facts):
        def work(session):
            for kind, at in kinds_and_times:
                session.add(
                    GateEvent(
                        journal_id="u",
                        gate_id=gate_id,
                        seq=next(numbers),
                        kind=kind,
                        lane_id=lane_id,
                        at=at,
                        received_at=at + late,
                        facts=facts,
                        personal={},
                        salt=b"s",
                        personal_digest=bytes(32),
                        previous=bytes(32),
                        digest=bytes(32),
                    )
                )

        read(work)

    return entries


@pytest.fixture
def empty(read):
    read(lambda session: session.query(GateEvent).delete())


def opened(add, method, count, at):
    add(
        *[("access", at + timedelta(minutes=5 * n)) for n in range(count)],
        method=method,
        opens=True,
        reason="granted",
    )


def refused(add, method, *times):
    add(*[("access", at) for at in times], method=method, opens=False, reason="pin_wrong")


def ways(read, compound, until=NOW):
    return {way.method: way for way in read(lambda s: ways_in_use(s, compound.site_id, until))}


@pytest.mark.wide
@pytest.mark.both_databases
@pytest.mark.usefixtures("empty")
def test_each_way_in_has_its_tries_in_tens_and_how_many_of_a_hundred_opened(add, read, compound):
    start = NOW - timedelta(days=20)
    opened(add, "card", 38, start)
    refused(add, "card", start + timedelta(minutes=1), start + timedelta(minutes=2))
    opened(add, "pin", 9, start + timedelta(days=1))
    opened(add, "qr", 50, NOW - timedelta(days=31, hours=6))
    found = ways(read, compound)
    assert list(found) == list(Method)
    assert (found["card"].tries, found["card"].opened_percent) == ("40+", 95)
    assert (found["pin"].tries, found["pin"].opened_percent) == ("<10", None)
    assert (found["qr"].tries, found["qr"].opened_percent) == (0, None)


@pytest.mark.wide
@pytest.mark.both_databases
@pytest.mark.usefixtures("empty")
def test_a_later_try_is_an_opening_soon_after_at_the_same_lane(add, read, compound):
    start = NOW - timedelta(days=3)
    for number in range(12):
        at = start + timedelta(minutes=10 * number)
        refused(add, "pin", at)
        add(("access", at + timedelta(seconds=10 + number)), method="card", opens=True, reason="granted")
    elsewhere = start + timedelta(days=1)
    refused(add, "qr", elsewhere)
    add(
        ("access", elsewhere + timedelta(seconds=5)),
        lane_id="north-out",
        method="qr",
        opens=True,
        reason="granted",
    )
    refused(add, "face", elsewhere + timedelta(hours=1))
    add(("access", elsewhere + timedelta(hours=1, seconds=121)), method="face", opens=True, reason="granted")
    found = ways(read, compound)
    assert (found["pin"].opened_later, found["pin"].seconds_later) == ("10+", 16)
    assert (found["qr"].opened_later, found["face"].opened_later) == (0, 0)


@pytest.mark.wide
@pytest.mark.usefixtures("empty")
def test_a_way_in_that_opens_less_often_than_the_face_is_named(add, read, compound):
    start = NOW - timedelta(days=9)
    opened(add, "face", 20, start)
    opened(add, "card", 19, start + timedelta(days=2))
    refused(add, "card", start + timedelta(days=3))
    opened(add, "pin", 15, start + timedelta(days=4))
    refused(add, "pin", *[start + timedelta(days=5, minutes=10 * n) for n in range(5)])
    assert worse_than_face(list(ways(read, compound).values())) == [Method.PIN]
    page = compound.signed_in("manager").get("/manage/privacy").text
    assert "Opens less often than the face: PIN" in page


@pytest.mark.wide
@pytest.mark.usefixtures("empty")
def test_without_tries_of_a_face_nothing_is_compared(add, read, compound):
    opened(add, "card", 30, NOW - timedelta(days=9))
    assert worse_than_face(list(ways(read, compound).values())) is None


@pytest.mark.wide
@pytest.mark.parametrize(
    ("role", "path"),
    [("manager", "/manage/privacy"), ("installer", "/manage/"), ("guard", "/manage/"), (None, "/report")],
)
@pytest.mark.usefixtures("empty")
def test_four_bars_of_the_last_thirty_days_are_where_people_look(add, compound, role, path):
    opened(add, "card", 40, NOW - timedelta(days=2))
    opened(add, "pin", 7, NOW - timedelta(days=2))
    client = compound.signed_in(role) if role else compound.app.test_client()
    page = client.get(path, headers={"Accept-Language": "en"}).text
    box = page.partition('id="ways-in"')[2].partition("</section>")[0]
    assert re.findall(r'class="fill" width="(\d+)"', box) == ["100"]
    assert box.count('class="track"') == 4
    assert "40+" in box
    assert "&lt; 10" in box
    assert not re.search(r">\s*7\s*<", box)


@pytest.mark.usefixtures("empty")
def test_the_public_bars_leave_today_out(add, compound):
    """A figure that moved with each passage would show the public when a single person came."""
    opened(add, "card", 12, NOW - timedelta(hours=2))
    page = compound.app.test_client().get("/report", headers={"Accept-Language": "en"}).text
    box = page.partition('id="ways-in"')[2].partition("</section>")[0]
    assert 'class="fill"' not in box
    assert "until yesterday" in box


@pytest.mark.both_databases
@pytest.mark.usefixtures("empty")
def test_openings_are_counted_by_the_hour_of_the_sites_clock(add, read, compound):
    eight = datetime(2026, 3, 4, 8, 0, tzinfo=SHANGHAI)
    opened(add, "card", 12, eight)
    opened(add, "card", 3, eight + timedelta(hours=10))
    refused(add, "pin", eight + timedelta(hours=1))
    days = read(lambda s: passages_by_hour(s, ["north"], NOW, SHANGHAI))
    assert [day.day.day for day in days] == [27, 28, 1, 2, 3, 4, 5]
    wednesday = days[5]
    assert {hour: count for hour, count in enumerate(wednesday.counts) if count} == {8: "10+", 18: "<10"}
    assert (wednesday.shades[8], wednesday.shades[18], wednesday.shades[9]) == (4, 1, 0)
    assert [count for day in days for count in day.counts if count] == ["10+", "<10"]


@pytest.mark.usefixtures("empty")
def test_an_hour_that_the_clock_skips_or_repeats_is_counted_once(add, read):
    berlin = ZoneInfo("Europe/Berlin")
    opened(add, "card", 12, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 02:30, then 02:30 again
    days = read(lambda s: passages_by_hour(s, ["north"], datetime(2026, 10, 26, 12, tzinfo=UTC), berlin))
    sunday = next(day for day in days if day.day.day == 25)
    assert [count for count in sunday.counts if count] == ["10+"]


@pytest.mark.both_databases
@pytest.mark.usefixtures("empty")
def test_a_gates_day_has_openings_open_doors_and_hours_without_contact(add, read, compound):
    opened(add, "card", 5, NOW - timedelta(hours=2, minutes=10))
    add(("door_opened", NOW - timedelta(hours=1, minutes=10)))
    add(("door_closed", NOW - timedelta(minutes=5)))
    add(("door_opened", NOW - timedelta(hours=5)), lane_id="north-out")
    add(("started", NOW - timedelta(hours=10)), lane_id=None, late=timedelta(hours=1))
    read(lambda s: setattr(s.get_one(Gate, "north"), "last_seen_at", NOW))
    day = read(lambda s: gate_day(s, s.get_one(Gate, "north"), NOW))
    assert len(day.starts) == len(day.openings) == 48
    assert day.starts[-1] <= NOW < day.starts[-1] + timedelta(minutes=30)
    assert [count for count in day.openings if count] == ["<10"]
    assert [number for number, lanes in enumerate(day.door_open) if "north-in" in lanes] == [45, 46, 47]
    assert sum("north-out" in lanes for lanes in day.door_open) == 11
    assert [number for number, lost in enumerate(day.without_contact) if lost] == [27, 28, 29]


@pytest.mark.usefixtures("empty")
def test_a_silent_gate_is_without_contact_since_it_was_heard(read):
    read(lambda s: setattr(s.get_one(Gate, "north"), "last_seen_at", NOW - timedelta(hours=3)))
    day = read(lambda s: gate_day(s, s.get_one(Gate, "north"), NOW))
    assert sum(day.without_contact) == 7
    assert day.without_contact[-1]


@pytest.mark.wide
@pytest.mark.parametrize("path", ["/manage/events/", "/manage/alarms/", "/manage/gates/north"])
def test_every_picture_has_its_figures_as_a_table_and_no_name(compound, path):
    page = compound.signed_in("manager").get(path).text
    figure = page.partition('<div class="picture">')[2].partition("</details>")[0]
    assert re.search(r'<svg [^>]*role="img" aria-label="[^"]+"', figure)
    assert "<summary>As a table</summary>" in figure
    assert '<th scope="row">' in figure
    assert " style=" not in figure
    assert [name for name in compound.persons if name in figure] == []
