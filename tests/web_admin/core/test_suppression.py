"""No published figure reveals a person, not even by subtracting."""

from hypothesis import given
from hypothesis import strategies as st

from web_admin.core.suppression import (
    count_in_tens,
    rounded_count,
    rounded_family,
    rounded_median,
    rounded_share,
)


def test_none_is_published_and_fewer_than_ten_are_not_counted_out():
    assert [rounded_count(n) for n in (0, 1, 9, 10, 23)] == [0, "<10", "<10", 10, 23]
    assert [count_in_tens(n) for n in (0, 1, 9, 10, 23)] == [0, "<10", "<10", "10+", "20+"]


def test_a_family_without_a_small_figure_is_published_exactly():
    assert rounded_family({"a": 12, "b": 0}, {"c": 12}) == ({"a": 12, "b": 0}, {"c": 12})


def test_beside_a_small_figure_the_others_go_out_in_tens():
    assert rounded_family({"a": 12, "b": 3}, {"c": 15}) == ({"a": "10+", "b": "<10"}, {"c": "10+"})


@given(st.lists(st.integers(0, 60), min_size=2, max_size=5))
def test_no_hidden_figure_follows_from_the_sum_and_the_others(counts):
    parts, sums = rounded_family({str(n): count for n, count in enumerate(counts)}, {"sum": sum(counts)})
    hidden = [part for part in parts.values() if part == "<10"]
    exact = [value for value in (*parts.values(), *sums.values()) if isinstance(value, int) and value]
    assert not (hidden and exact)


def test_shares_and_medians_need_ten_on_each_side():
    assert (rounded_share(9, 100), rounded_share(5, 9), rounded_share(33, 100)) == (None, None, "30+ %")
    assert (rounded_median([1.0] * 9), rounded_median([1.0] * 5 + [4.0] * 5)) == (None, 2)
