"""How a compound is, and what adds up: pure, from answers and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from head_office.judging import ordered, totals, view
from head_office.settings import Compound
from head_office.storage import Answer
from tests.support.head_office import alarm, overview

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ONE = Compound("one", "One", "https://one.example.org", "East")
HELP = alarm("alarm_help", 1, 30)
MAIL = alarm("alarm_mail_failing", 1, 3000)


def answer(**changes):
    return Answer(msgspec.json.encode(overview(**changes)), NOW, "", None)


def seen(name="one", **changes):
    return view(replace(ONE, word=name, name=name), answer(**changes), NOW)


def words(one):
    return [(reason.what, reason.level) for reason in one.reasons]


def test_a_compound_that_is_well_has_no_reason():
    assert (seen().level, seen().reasons) == ("good", ())


def test_each_figure_that_needs_a_person_is_a_reason_of_its_level():
    cases = {
        ("gates_silent", "look"): {"gates__silent": 1, "gates__silent_for_seconds": 300},
        ("gates_silent", "bad"): {"gates__silent": 1, "gates__silent_for_seconds": 90_000},
        ("gates_behind", "look"): {"gates__behind": 2},
        ("gates_not_paired", "look"): {"gates__not_paired": 1},
        ("alarm", "bad"): {"alarms": [HELP]},
        ("alarm", "look"): {"alarms": [MAIL]},
        ("no_backup", "look"): {"backup_age_seconds": None, "backup_level": "look"},
        ("backup_old", "look"): {"backup_age_seconds": 8 * 86400, "backup_level": "look"},
        ("backup_old", "bad"): {"backup_age_seconds": 31 * 86400, "backup_level": "bad"},
        ("forgettings_pending", "look"): {
            "forgettings_pending": {"at_least": 1, "at_most": 9, "oldest_hours": 2}
        },
        ("forgettings_pending", "bad"): {
            "forgettings_pending": {"at_least": 1, "at_most": 9, "oldest_hours": 72}
        },
        ("server", "bad"): {"server": "bad"},
        ("ways_not_equal", "look"): {"worse_than_face": ["pin"]},
    }
    assert {expected: words(seen(**changes)) for expected, changes in cases.items()} == {
        expected: [expected] for expected in cases
    }


def test_half_of_the_gates_without_contact_are_for_now():
    assert words(seen(gates__silent=2, gates__silent_for_seconds=200)) == [("gates_silent", "bad")]


def test_what_a_figure_says_is_not_said_again_as_an_alarm():
    silent = {"kind": "alarm_gate_silent", "count": 1, "oldest_seconds": 300}
    once = seen(gates__silent=1, gates__silent_for_seconds=300, alarms=[silent])
    assert words(once) == [("gates_silent", "look")]
    assert words(seen(alarms=[silent])) == [("alarm", "look")], "without the figure the alarm stays"


def test_no_answer_says_since_when_and_nothing_of_before():
    since = NOW - timedelta(minutes=3)
    lost = view(ONE, replace(answer(alarms=[HELP]), trouble="too_slow", trouble_since=since), NOW)
    [why] = lost.reasons
    assert (why.what, why.word, why.seconds, lost.level) == ("no_answer", "too_slow", 180, "look")
    assert lost.seen is not None and not lost.answers
    late = replace(answer(), trouble="tls", trouble_since=NOW - timedelta(minutes=16))
    assert view(ONE, late, NOW).level == "bad"
    assert words(view(ONE, None, NOW)) == [("not_asked", "look")]


def test_people_come_before_doors_and_both_before_the_rest():
    views = [
        seen("calm"),
        seen("look", gates__behind=1),
        seen("old", backup_age_seconds=40 * 86400, backup_level="bad"),
        seen("help", alarms=[HELP]),
    ]
    assert [one.compound.word for one in ordered(views)] == ["help", "old", "look", "calm"]


def test_totals_add_up_and_faces_count_while_there_is_no_answer():
    lost = view(ONE, replace(answer(), trouble="tls", trouble_since=NOW), NOW)
    found = totals([seen("a", alarms=[HELP]), seen("b", alarms=[HELP], gates__in_contact=3), lost])
    assert (found.compounds, found.answering, found.gates, found.in_contact) == (3, 2, 8, 7)
    assert (found.alarms, found.programs) == ({"alarm_help": 2}, {"0.2.0": 2})
    assert (found.faces_at_least, found.faces_at_most, found.threshold) == (60, 87, "far")


def test_one_compound_renames_no_alarm_of_the_others():
    well = {**HELP, "names": {"en": "All is well"}}
    found = totals([seen("a", alarms=[well]), seen("b", alarms=[HELP]), seen("c", alarms=[HELP])])
    assert found.names_of_alarms == {"alarm_help": HELP["names"]}


FACES = {"at_least": 0, "near": 80_000, "close": 95_000, "threshold": 100_000}


def test_the_threshold_is_that_of_compounds_and_warns_by_the_most_that_is_possible():
    shown = {
        most: totals([seen(people_with_face=FACES | {"at_most": most})])
        for most in (79_999, 80_000, 95_000, 100_000)
    }
    assert {most: found.threshold for most, found in shown.items()} == {
        79_999: "far",
        80_000: "near",
        95_000: "close",
        100_000: "reached",
    }
    assert {found.filed_from for found in shown.values()} == {100_000}


def test_one_compound_does_not_decide_from_where_the_others_file():
    """One that was taken over may send any number, too few and too many."""
    most = [seen(word, people_with_face=FACES | {"at_most": 30_000}) for word in ("one", "two")]
    for number in (0, 1, 10_000_000):
        sent = {"at_least": 0, "at_most": 0, "near": number, "close": number, "threshold": number}
        found = totals([*most, seen("taken", people_with_face=sent)])
        assert (found.threshold, found.filed_from) == ("far", 100_000), number
    for key, number in (("near", 0), ("close", 0), ("near", 10_000_000)):
        sent = FACES | {"at_most": 20_000, key: number}
        found = totals([*most, seen("taken", people_with_face=sent)])
        assert (found.threshold, found.filed_from) == ("near", 100_000), (key, number)


def test_the_least_of_two_thresholds_that_as_many_compounds_send_counts_for_all_of_them():
    one = seen(people_with_face=FACES | {"at_most": 50_000})
    other = seen("two", people_with_face=FACES | {"at_most": 20_000, "threshold": 70_000})
    for compounds in ([one, other], [other, one]):
        assert (totals(compounds).threshold, totals(compounds).filed_from) == ("reached", 70_000)


BEFORE = {"at_least": 0, "at_most": 99_999, "threshold": 100_000}
"""As a compound sent it that neither judged its backup nor named its alarms."""


def test_a_compound_of_before_says_by_its_alarm_and_its_server_how_old_the_backup_is():
    old = overview(
        backup_age_seconds=31 * 86400,
        server="bad",
        alarms=[{"kind": "alarm_backup_old", "count": 1, "oldest_seconds": 60}],
        people_with_face=BEFORE,
    )
    del old["backup_level"]
    found = view(ONE, Answer(msgspec.json.encode(old), NOW, "", None), NOW)
    assert words(found) == [("server", "bad"), ("alarm", "look")]
    assert (totals([found]).threshold, totals([found]).filed_from) == ("close", 100_000)
    reached = overview(people_with_face=BEFORE | {"at_most": 100_000})
    assert (
        totals([view(ONE, Answer(msgspec.json.encode(reached), NOW, "", None), NOW)]).threshold == "reached"
    )


def test_compounds_of_before_are_warned_at_80_and_95_percent():
    shown = {
        most: totals([seen(people_with_face=BEFORE | {"at_most": most})]).threshold
        for most in (79_999, 80_000, 94_999, 95_000)
    }
    assert list(shown.values()) == ["far", "near", "near", "close"]


def test_warnings_without_a_threshold_say_nothing():
    found = totals([seen(people_with_face={"at_least": 0, "at_most": 90_000, "near": 1, "close": 1})])
    assert (found.threshold, found.filed_from) == ("far", None)
