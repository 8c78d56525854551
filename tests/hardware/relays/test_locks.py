import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting
from hardware.relays.locks import RULES, Contact, Lock, LockKind

DRIVES = [LockKind.PULSE_MOTOR, LockKind.BARRIER]


@pytest.mark.parametrize(
    ("kind", "contact"),
    [
        (LockKind.FAIL_SECURE_STRIKE, Contact.NO),
        (LockKind.FAIL_SAFE_MAGNET, Contact.NC),
        (LockKind.PULSE_MOTOR, Contact.NO),
        (LockKind.BARRIER, Contact.NO),
        (LockKind.TURNSTILE, Contact.NO),
    ],
)
def test_each_kind_has_one_contact_through_which_rest_is_locked(kind: LockKind, contact: Contact) -> None:
    Lock(kind, contact).check("north", board="b", times_pulses=True)
    (other,) = set(Contact) - {contact}

    with pytest.raises(BadDeviceSetting, match=f"lane north: a {kind} is wired through"):
        Lock(kind, other).check("north", board="b", times_pulses=True)


def test_an_inverted_magnet_is_refused_with_the_reason() -> None:
    with pytest.raises(BadDeviceSetting, match=r"powered all the time .* restart, crash and pulled cable"):
        Lock(LockKind.FAIL_SAFE_MAGNET, Contact.NO).check("north", board="b", times_pulses=True)


@pytest.mark.parametrize("kind", DRIVES)
def test_a_drive_behind_a_board_without_a_timer_needs_one_outside(kind: LockKind) -> None:
    with pytest.raises(BadDeviceSetting, match="external_timer = true"):
        Lock(kind, Contact.NO).check("drive", board="usb", times_pulses=False)
    Lock(kind, Contact.NO, external_timer=True).check("drive", board="usb", times_pulses=False)


@pytest.mark.parametrize("kind", [LockKind.FAIL_SECURE_STRIKE, LockKind.TURNSTILE])
def test_a_lock_that_is_no_danger_when_latched_needs_no_timer(kind: LockKind) -> None:
    Lock(kind, Contact.NO).check("north", board="usb", times_pulses=False)


def test_only_strikes_and_magnets_are_ever_held() -> None:
    held = {kind for kind, rules in RULES.items() if rules.may_hold}

    assert held == {LockKind.FAIL_SECURE_STRIKE, LockKind.FAIL_SAFE_MAGNET}


@given(st.sampled_from(list(LockKind)), st.floats(0.1, 600))
def test_no_pulse_is_longer_than_its_kind_allows(kind: LockKind, wanted: float) -> None:
    lock = Lock(kind, RULES[kind].contact)

    assert lock.longest_pulse(wanted) == min(wanted, lock.rules.max_pulse_seconds)
    assert lock.max_on_seconds in (None, lock.rules.max_pulse_seconds)
