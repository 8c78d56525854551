"""Every fuzz target without a fuzzer: its seeds, its old findings, noise, and seeds that were damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

each_target = pytest.mark.parametrize("name", sorted(TARGETS))


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed with a piece cut out and noise put in its place, maybe with another behind it."""
    seed = draw(st.sampled_from(seeds))
    cut = draw(st.integers(0, len(seed)))
    length = draw(st.integers(0, 8))
    noise = draw(st.binary(max_size=8))
    behind = draw(st.sampled_from((b"", *seeds)))
    return seed[:cut] + noise + seed[cut + length :] + behind


@st.composite
def with_one_byte_changed(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed of which some bits of one byte fell over: a digit stays a digit, mostly."""
    seed = bytearray(draw(st.sampled_from([seed for seed in seeds if seed])))
    seed[draw(st.integers(0, len(seed) - 1))] ^= draw(st.integers(1, 7))
    return bytes(seed)


@each_target
def test_good_inputs_and_old_findings_break_nothing(name: str) -> None:
    target = TARGETS[name]
    for data in (b"", *target.seeds, *target.found):
        target.check(data)


@pytest.mark.wide
@each_target
def test_no_noise_and_no_damaged_input_breaks_anything(name: str) -> None:
    target = TARGETS[name]

    @settings(deadline=None, max_examples=80)
    @given(st.one_of(st.binary(max_size=300), damaged(target.seeds), with_one_byte_changed(target.seeds)))
    def whatever_comes(data: bytes) -> None:
        target.check(data)

    whatever_comes()
