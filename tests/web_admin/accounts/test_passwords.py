"""Which passwords are taken: any composition, long enough, and not the ones that attackers try first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from web_admin.accounts.passwords import MAX_PASSWORD_CHARS, SHORTEST_PASSWORD_CHARS, check_password
from web_admin.core.refusal import ActionRefused

KNOWN = ("lin.wei@example.org", "Willow Court")


@pytest.mark.wide
def test_every_password_of_ten_or_more_in_the_list_of_breached_ones_is_refused() -> None:
    """ASVS V6.2.4 asks for the 3,000 most used; the list has 30,000, a thousand of them long enough."""
    long_enough = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST_PASSWORD_CHARS]
    assert len(long_enough) > 1000
    assert [word for word in long_enough if _is_taken(word)] == []


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "qwertyuiop123",
        "password1234",
        "aaaaaaaaaaaa1",
        "iloveyou2020",
        "menjin2026",
        "13812345678",
        "woaini1314520",
        "willowcourt",
        "WillowCourt2026",
        "lin.wei@example",
        "guard-manager1",
        "P@ssw0rd2026",
    ],
)
def test_what_attackers_try_first_is_refused(password: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        check_password(password, KNOWN)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        "a quiet gate at noon",
        "three words nobody owns",
        "我的小区大门很安静很好",
        "  spaces at both ends  ",
        "onlylowercaselettershere",
        "7391-5528-0914-6637",
        "x9$kQ2!vbn",
    ],
)
def test_any_composition_is_taken(password: str) -> None:
    check_password(password, KNOWN)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=0, max_size=400))
def test_the_length_alone_decides_at_both_ends(password: str) -> None:
    too_long_or_short = not SHORTEST_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS
    assert not (too_long_or_short and _is_taken(password))


def test_sixty_four_characters_and_two_hundred_are_taken() -> None:
    check_password("correct horse battery staple " * 3, KNOWN)
    check_password("".join(chr(0x4E00 + 37 * place % 2000) for place in range(MAX_PASSWORD_CHARS)), KNOWN)


def _is_taken(password: str) -> bool:
    try:
        check_password(password, KNOWN)
    except ActionRefused:
        return False
    return True
