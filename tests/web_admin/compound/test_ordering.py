"""Homes sort as people count them, names as a Chinese list does."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from web_admin.compound.ordering import building_of, name_key, sort_key

PARTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(PARTS, PARTS)
def test_homes_sort_by_the_numbers_of_their_parts(one: list[int], two: list[int]) -> None:
    first, second = ("-".join(map(str, parts)) for parts in (one, two))
    assert (sort_key(first) < sort_key(second)) == (one < two)


def test_the_building_is_the_first_part() -> None:
    assert (building_of("12-0304"), building_of("7")) == ("12", "7")


def test_names_sort_by_pinyin() -> None:
    names = ["周明", "王芳", "陈立", "安然", "李伟", "Zoe", "ann"]
    assert sorted(names, key=name_key) == ["ann", "Zoe", "安然", "陈立", "李伟", "王芳", "周明"]
