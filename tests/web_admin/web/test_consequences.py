"""Sentences about what an act changes, in both languages, for few gates and for many."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask_babel import force_locale

from web_admin.access.losses import Effect, Kind
from web_admin.access.patterns import ALWAYS, Pattern
from web_admin.web.consequences import Foreseen, Week, heading, lines_of

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NIGHTS = Pattern(weekly=(((1320, 360), (0, 1, 2, 3, 4)),))


@pytest.fixture
def page(compound):
    with compound.app.test_request_context("/manage/"):
        yield compound


def lanes(count: int, direction: str = "in"):
    return {
        f"g{number}-{direction}": SimpleNamespace(gate_id=f"g{number:03}", name="Way", direction=direction)
        for number in range(1, count + 1)
    }


def said(effect: Effect, known, language: str = "en"):
    week = Week(NOW, True, (effect,))
    with force_locale(language):
        (line,) = lines_of(Foreseen((week,), known), week, names_people=False)
    return line


@pytest.mark.parametrize(
    ("effect", "english", "chinese"),
    [
        (
            Effect(Kind.LOST, frozenset("abcdefghijkl"), ("g1-in",), "in", NIGHTS),
            "12 people can no longer enter by g001 on weekdays 22:00–06:00.",
            "周一至周五 22:00–06:00，12 人不能再从g001进入。",
        ),
        (
            Effect(Kind.LOST, frozenset("a"), ("g1-in",), "in", ALWAYS),
            "1 person can no longer enter by g001.",
            "1 人不能再从g001进入。",
        ),
        (
            Effect(Kind.LOST, frozenset("a"), ("g1-in",), "out", Pattern(until=NOW)),
            "1 person can no longer leave by g001 until Wed, Mar 4 04:00.",
            "至 3月4日周三 04:00，1 人不能再从g001离开。",
        ),
        (
            Effect(Kind.NO_WAY_IN, frozenset("abc")),
            "3 people are left with no way in at all.",
            "3 人没有任何方式可以进入。",
        ),
        (
            Effect(Kind.GAINED, frozenset("ab"), ("g1-in",), "in", Pattern(weekly=(((0, 1440), (5, 6)),))),
            "2 people can newly enter by g001 all day at weekends.",
            "周末全天，2 人新增可从g001进入。",
        ),
        (
            Effect(Kind.GAINED, frozenset("ab"), ("g1-in",), "out", Pattern(since=NOW)),
            "2 people can newly leave by g001 from Wed, Mar 4 04:00 on.",
            "自 3月4日周三 04:00 起，2 人新增可从g001离开。",
        ),
        (
            Effect(Kind.VISITORS, frozenset("ab"), ("g1-in",)),
            "Visitors of 2 people can no longer pass g001.",
            "2 人的访客不能再通过g001。",
        ),
        (
            Effect(Kind.FEWER_WAYS, lane_ids=("g1-in",), ways=(3, 2)),
            "Ways besides face at g001 fall from 3 to 2.",
            "g001除刷脸外的方式由 3 种减为 2 种。",
        ),
        (
            Effect(Kind.MORE_WAYS, lane_ids=("g1-in",), ways=(2, 3)),
            "Ways besides face at g001 rise from 2 to 3.",
            "g001除刷脸外的方式由 2 种增为 3 种。",
        ),
        (
            Effect(Kind.FACE_ALONE, frozenset("a")),
            "1 person is left with their face alone, which no gate accepts.",
            "1 人只剩刷脸一种方式，而门禁机不接受只凭刷脸。",
        ),
        (
            Effect(Kind.NO_FACE_ALONE),
            "No one is left with their face alone.",
            "没有人只剩刷脸一种方式。",
        ),
    ],
)
def test_each_effect_has_its_sentence_in_both_languages(page, effect, english, chinese):
    assert [said(effect, lanes(1), language).text for language in ("en", "zh")] == [english, chinese]


def test_of_three_hundred_gates_three_are_named_and_the_others_are_below(page):
    known = lanes(300)
    line = said(Effect(Kind.LOST, frozenset("ab"), tuple(known), "in", ALWAYS), known)
    assert line.text.endswith("and 297 more.")
    assert len(re.findall(r"g\d{3}", line.text)) == 3
    (others,) = line.lists
    assert others.short.endswith("and 294 more")
    assert len(re.findall(r"g\d{3}", others.whole)) == 297


def test_hours_that_differ_each_day_are_said_in_three_parts(page):
    days = Pattern(weekly=tuple(((60 * day, 60 * day + 30), (day,)) for day in range(5)))
    text = said(Effect(Kind.LOST, frozenset("a"), ("g1-in",), "in", days), lanes(1)).text
    assert text.endswith("on Mon 00:00–00:30, on Tue 01:00–01:30, at other times.")


def test_a_lane_beside_another_of_its_gate_is_called_by_both(page):
    known = lanes(1) | {"g1-car": SimpleNamespace(gate_id="g001", name="Cars", direction="in")}
    assert "g001 · Cars" in said(Effect(Kind.LOST, frozenset("a"), ("g1-car",), "in", ALWAYS), known).text


def test_people_are_named_for_those_who_may_see_them_and_the_many_are_counted(page):
    ids = frozenset(page.persons[name] for name in ("王芳", "王磊"))
    week = Week(NOW, True, (Effect(Kind.NO_WAY_IN, ids),))
    (named,) = lines_of(Foreseen((week,), {}), week, names_people=True)
    assert [(one.short, one.whole) for one in named.lists] == [("王磊、王芳", "")]
    many = Week(NOW, True, (Effect(Kind.NO_WAY_IN, ids | {f"z{n}" for n in range(200)}),))
    (line,) = lines_of(Foreseen((many,), {}), many, names_people=True)
    (names,) = line.lists
    assert [names.short, names.whole] == ["王磊、王芳，另有 200 人"] * 2


def test_a_later_week_says_when_it_begins(page):
    with force_locale("en"):
        assert heading(Week(NOW + timedelta(days=40), False, ())) == (
            "Within the seven days from Apr 13, 2026"
        )
        assert heading(Week(NOW, True, ())) == "Within the next seven days"
