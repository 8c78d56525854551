"""One first, then tens; a wave that was not good comes again before any other."""

import pytest

from fleet.commands.upgrade import _is_kept
from fleet.judging import Cell, FoundCell
from fleet.waves import Waves, next_wave

CELLS = [f"c{number:02}" for number in range(30)]


def in_order(so_far: Waves, size: int, canary: str | None = None) -> list[list[str]]:
    """Return all waves, each of them good."""
    waves: list[list[str]] = []
    while left := [name for name in CELLS if name not in so_far.done]:
        waves.append(next_wave(so_far, left, size, canary))
        so_far = Waves([], [*so_far.done, *waves[-1]])
    return waves


def test_one_comes_first_and_then_so_many_at_a_time() -> None:
    waves = in_order(Waves(), 10)
    assert [len(wave) for wave in waves] == [1, 10, 10, 9]
    assert [name for wave in waves for name in wave] == CELLS


def test_the_first_one_may_be_chosen() -> None:
    waves = in_order(Waves(), 10, canary="c12")
    assert waves[0] == ["c12"]
    assert sorted(name for wave in waves for name in wave) == CELLS
    assert in_order(Waves(), 10, canary="gone")[0] == ["c00"]


def test_a_wave_that_was_not_good_comes_again_before_any_other() -> None:
    assert next_wave(Waves(["c07", "c08"], CELLS[:7]), CELLS[9:], 10) == ["c07", "c08"]
    assert next_wave(Waves([], CELLS[:7]), CELLS[7:], 10) == CELLS[7:17]


@pytest.mark.parametrize(
    ("out", "held_by", "in_wave", "is_kept"),
    [
        (None, (), False, False),
        ("held", ("cells hold",), False, True),
        ("held", ("cells upgrade", "cells hold"), True, True),  # since it was cut off
        ("held", ("cells upgrade",), True, False),
        ("held", ("cells restore",), False, False),  # the upgrade says what to do about it
        ("held", None, False, True),  # its service is of a version that does not say who holds it
        ("held", None, True, False),
    ],
)
def test_an_upgrade_leaves_alone_what_an_operator_holds(
    out: str | None, held_by: tuple[str, ...] | None, in_wave: bool, is_kept: bool
) -> None:
    seen = FoundCell("north", Cell("willow", out=out, held_by=held_by))
    assert _is_kept(seen, Waves(wave=["willow"] if in_wave else [])) is is_kept
