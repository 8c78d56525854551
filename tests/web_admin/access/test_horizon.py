"""The next week is looked at, and those in which what an act changes begins or ends."""

from datetime import UTC, datetime, timedelta

from gate_controller.contract.passes import VisitorPass
from gate_controller.contract.records import CalendarRecord, Grant, PersonRecord, SiteRecord
from web_admin.access.horizon import MOST_WEEKS, WEEK, passing_turns, weeks_felt
from web_admin.access.sent import GateSent, Part, PersonSent, Sent

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
THIS_WEEK = (NOW, NOW + WEEK)
LANES = ("north-in",)


def sent(*ends: datetime) -> Sent:
    """Return people with a grant each that ends at these instants."""
    people = {
        f"person-{number}": PersonSent(
            PersonRecord(person_id=f"person-{number}", methods=(), grants=(Grant(LANES, valid_until=end),))
        )
        for number, end in enumerate(ends)
    }
    return Sent((Part((), people),))


def test_an_act_that_changes_no_end_is_felt_in_the_next_week():
    far = NOW + timedelta(days=90)
    assert weeks_felt(sent(far), sent(far), NOW) == (THIS_WEEK,)
    assert weeks_felt(sent(), sent(NOW + timedelta(days=6)), NOW) == (THIS_WEEK,)


def test_an_end_that_is_set_moved_or_taken_away_is_looked_at_in_its_week():
    first, second = NOW + timedelta(days=40), NOW + timedelta(days=60)
    assert weeks_felt(sent(), sent(first), NOW) == (THIS_WEEK, (first, first + WEEK))
    assert weeks_felt(sent(first), sent(), NOW) == (THIS_WEEK, (first, first + WEEK))
    moved = (THIS_WEEK, (first, first + WEEK), (second, second + WEEK))
    assert weeks_felt(sent(first), sent(second), NOW) == moved


def test_a_face_and_a_pass_are_kept_until_their_ends_too():
    first, second = NOW + timedelta(days=40), NOW + timedelta(days=60)
    record = PersonRecord(person_id="a", methods=(), grants=())
    given = VisitorPass("1" * 16, "a", (1,), NOW, second, 0)
    after = Sent((Part((), {"a": PersonSent(record, faces={"north": first}, passes=(given,))}),))
    assert [begins for begins, _ends in weeks_felt(sent(), after, NOW)] == [NOW, first, second]


def test_ends_of_one_week_are_looked_at_together_and_of_many_the_first():
    days = [NOW + timedelta(days=10), NOW + timedelta(days=12), NOW + timedelta(days=16)]
    assert weeks_felt(sent(), sent(*days), NOW) == (THIS_WEEK, (days[0], days[0] + WEEK))
    many = [NOW + timedelta(days=20 * number) for number in range(1, 20)]
    weeks = weeks_felt(sent(), sent(*many), NOW)
    assert [begins for begins, _ends in weeks] == [NOW, *many[: MOST_WEEKS - 1]]


def test_of_a_calendar_the_days_within_a_week_pass_and_no_others():
    site = SiteRecord("site-1", "Court", "Asia/Shanghai", 32, 30)
    days = {(NOW + timedelta(days=number)).date(): "holiday" for number in (-3, 0, 2, 5, 9)}
    gate = GateSent("north", site, CalendarRecord(days), {}, {})
    overs = [datetime(2026, 3, day, 16, tzinfo=UTC) for day in (4, 6, 9)]  # the midnights after, in Shanghai
    assert list(passing_turns(Sent((Part((gate,), {}),)), NOW)) == overs
