"""Devices of calls: a fault lasts, is reported once, and is over once that device has worked."""

from gate_controller.lane.sound_health import SoundHealth
from gate_controller.terminal.call_sound import SoundSaid

MET = SoundSaid(call="one", is_connected=True)


def news(health: SoundHealth, said: SoundSaid, *at_seconds: float) -> list[tuple[str, str]]:
    """Return the devices that are news, and how they are, after a word that is looked at several times."""
    return [
        (state.device, state.health.value) for seconds in at_seconds for state in health.news(said, seconds)
    ]


def test_a_fault_is_reported_once_when_it_has_lasted_and_is_over_when_that_device_has_worked() -> None:
    health = SoundHealth("in")
    broken = SoundSaid(call="one", trouble="no_microphone", is_connected=True, works=("camera",))
    assert news(health, broken, 0.0, 0.9) == []
    assert news(health, broken, 1.0, 2.0, 60.0) == [("call-microphone-in", "faulty")]
    assert news(health, SoundSaid(), 61.0, 100.0) == []
    assert news(health, SoundSaid(call="two", is_connected=True, works=("camera",)), 101.0) == []
    well = SoundSaid(call="two", is_connected=True, works=("microphone",))
    assert news(health, well, 102.0, 103.0) == [("call-microphone-in", "ok")]


def test_another_device_that_fails_is_another_fault() -> None:
    health = SoundHealth("in")
    assert news(health, SoundSaid(call="one", trouble="no_microphone"), 0.0, 2.0) != []
    assert news(health, SoundSaid(call="two", trouble="no_camera", works=("microphone",)), 3.0, 5.0) == [
        ("call-microphone-in", "ok"),
        ("call-camera-in", "faulty"),
    ]


def test_a_device_that_gave_sound_and_gives_none_now_has_failed() -> None:
    health = SoundHealth("in")
    assert news(health, SoundSaid(call="one", is_connected=True, works=("microphone",)), 0.0) == []
    broken = SoundSaid(call="one", is_connected=True, works=("microphone",), trouble="no_microphone")
    assert news(health, broken, 10.0, 11.0) == [("call-microphone-in", "faulty")]


def test_a_connection_that_is_lost_is_no_fault_of_a_device() -> None:
    assert news(SoundHealth("in"), SoundSaid(call="one", trouble="lost"), 0.0, 60.0) == []


def test_a_trouble_that_came_back_lasts_from_then_on() -> None:
    health = SoundHealth("in")
    broken = SoundSaid(call="one", trouble="no_camera")
    assert news(health, broken, 0.0, 0.8) == []
    assert news(health, MET, 0.9) == []
    assert news(health, broken, 1.0, 1.8) == []
    assert news(health, broken, 2.0) == [("call-camera-in", "faulty")]
