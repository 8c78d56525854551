import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.errors import BadDeviceSetting, DeviceUnavailable, OutputNotConfirmed
from hardware.inputs.gpio import GpioInputs
from hardware.inputs.serial import InputWire
from hardware.interfaces import Health, InputChange, InputKind
from hardware.lines.gpio import KernelChip, file_of
from hardware.relays.gpio import GpioRelay, GpioRelayBoard
from hardware.simulated.gpio_chip import GpioChip

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
GPIO_SIM = Path("/sys/kernel/config/gpio-sim")
DOOR = InputWire("17", "north", InputKind.DOOR_OPEN, normally_closed=True)
EXIT = InputWire("27", "north", InputKind.EXIT_BUTTON, normally_closed=False)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


@pytest.fixture
def chip() -> GpioChip:
    return GpioChip()


@pytest.fixture
def hat(chip: GpioChip, reports) -> GpioRelayBoard:
    return GpioRelayBoard(chip, {1: 26, 2: 20}, name="hat", active_low=True, report=reports)


@pytest.fixture
def relay(hat: GpioRelayBoard) -> Iterator[GpioRelay]:
    relay = GpioRelay(hat, 1, name="lock", max_pulse_seconds=5)
    yield relay
    relay.close()


def test_every_relay_of_the_hat_rests_at_opening_and_rest_is_high_where_active_is_low(chip, relay) -> None:
    relay.open()

    assert [(change.channel, change.on) for change in chip.changes][:2] == [(26, False), (20, False)]
    assert chip.is_high(26)
    assert chip.is_high(20)


def test_a_pulse_drives_its_line_and_ends_by_the_timer(chip, relay) -> None:
    relay.open()
    first_ns = relay.pulse(0.1)
    assert not chip.is_high(26)
    wait_until(lambda: chip.is_high(26))
    ons = [change for change in chip.changes if change.on]

    assert [change.channel for change in ons] == [26]
    assert chip.changes[-1].at_ns - first_ns >= 100_000_000


def test_a_line_that_does_not_follow_is_not_confirmed(chip, relay, reports) -> None:
    hat = GpioRelayBoard(chip, {1: 5}, name="hat", active_low=False, report=reports)
    shorted = GpioRelay(hat, 1, name="shorted")
    shorted.open()
    chip.shorted.add(5)
    with pytest.raises(OutputNotConfirmed, match="GPIO line 5 was driven on and reads otherwise"):
        shorted.pulse(1)
    shorted.close()


def test_a_chip_that_goes_in_mid_pulse_comes_back_at_rest_and_never_on(chip, relay, reports) -> None:
    relay.open()
    reports.wait_for(Health.OK)
    relay.pulse(4)
    chip.take_away()
    reports.wait_for(Health.LOST)
    with pytest.raises(DeviceUnavailable, match="nothing was switched"):
        relay.pulse(1)
    chip.give_back()
    reports.wait_for(Health.OK)

    assert chip.is_high(26)
    assert sum(change.on for change in chip.changes) == 1


def test_a_restart_in_mid_pulse_puts_the_line_to_rest_before_anything_else(chip, reports) -> None:
    chip.set_pin(26, high=False)
    again = GpioRelay(GpioRelayBoard(chip, {1: 26}, name="hat", active_low=True), 1, name="lock")
    again.open()
    assert chip.is_high(26)
    again.close()


@pytest.mark.parametrize(
    ("lines", "word"), [({1: 600}, "0 to 511"), ({1: 4, 2: 4}, "used twice"), ({2: 4}, "channel 1 has no")]
)
def test_lines_that_cannot_be_are_refused(chip, lines, word: str) -> None:
    with pytest.raises(BadDeviceSetting, match=word):
        GpioRelay(GpioRelayBoard(chip, lines, name="hat", active_low=True), 1, name="lock")


@pytest.fixture
def inputs(chip: GpioChip, reports) -> Iterator[GpioInputs]:
    inputs = GpioInputs(chip, [DOOR, EXIT], name="contacts")
    inputs.start(reports)
    yield inputs
    inputs.stop()


def changes(reports, count: int) -> list[tuple[InputKind, bool]]:
    found = [reports.next_of(InputChange) for _ in range(count)]
    return sorted((change.kind, change.active) for change in found)


def test_contacts_to_ground_are_reported_at_start_then_each_change(chip, inputs, reports) -> None:
    assert changes(reports, 2) == [(InputKind.DOOR_OPEN, True), (InputKind.EXIT_BUTTON, False)]
    chip.set_pin(17, high=False)
    assert changes(reports, 1) == [(InputKind.DOOR_OPEN, False)]
    chip.set_pin(27, high=False)
    assert changes(reports, 1) == [(InputKind.EXIT_BUTTON, True)]


def test_every_kind_of_wire_is_reported_with_its_line(chip, reports) -> None:
    wires = [InputWire(str(n), "north", kind, normally_closed=False) for n, kind in enumerate(InputKind)]
    inputs = GpioInputs(chip, wires, name="contacts")
    inputs.start(reports)
    assert changes(reports, len(wires)) == sorted((kind, False) for kind in InputKind)
    for wire in wires:
        chip.set_pin(int(wire.terminal), high=False)
        reported = reports.next_of(InputChange)
        assert (reported.kind, reported.active, reported.terminal) == (wire.kind, True, wire.terminal)
    inputs.stop()


def test_inputs_of_a_chip_that_vanishes_are_reported_and_read_again(chip, inputs, reports) -> None:
    changes(reports, 2)
    chip.take_away()
    reports.wait_for(Health.LOST)
    chip.set_pin(17, high=False)
    chip.give_back()
    reports.wait_for(Health.OK)

    assert len(changes(reports, 2)) == 2


@pytest.mark.parametrize("terminal", ["cts", "-1", "512", "017"])
def test_a_terminal_that_is_no_line_is_refused(chip, terminal: str) -> None:
    with pytest.raises(BadDeviceSetting):
        GpioInputs(chip, [InputWire(terminal, "a", InputKind.FIRE, True)], name="contacts")


def test_a_chip_this_machine_does_not_have_is_reported_with_a_remedy(tmp_path: Path) -> None:
    chip = KernelChip(str(tmp_path / "gpiochip9"))
    relay = GpioRelay(GpioRelayBoard(chip, {1: 26}, name="hat", active_low=True), 1, name="lock")
    with pytest.raises(DeviceUnavailable, match=r"hat: cannot take GPIO lines 26 .*gpiodetect"):
        relay.open()
    relay.close()


def test_a_chip_may_be_named_by_its_label_whatever_number_its_file_got() -> None:
    labels = {"/dev/gpiochip0": "brcmvirt-gpio", "/dev/gpiochip4": "pinctrl-rp1", "/dev/gpiochip5": "i2c"}
    assert file_of("pinctrl-rp1", labels) == "/dev/gpiochip4"
    assert file_of("/dev/gpiochip0", labels) == "/dev/gpiochip0"
    with pytest.raises(DeviceUnavailable, match=r"no GPIO chips have the label rp2; .*/dev/gpiochip5 i2c"):
        file_of("rp2", labels)
    with pytest.raises(DeviceUnavailable, match=r"2 GPIO chips have the label i2c"):
        file_of("i2c", {**labels, "/dev/gpiochip6": "i2c"})
    with pytest.raises(DeviceUnavailable, match="the label no-such-chip"):
        KernelChip("no-such-chip").inputs([4], bias="pull_up", consumer="test")


def test_a_file_that_is_no_chip_is_reported_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()
    with pytest.raises(DeviceUnavailable, match="check the chip"):
        KernelChip(str(tmp_path / "gpiochip0")).inputs([4], bias="pull_up", consumer="test")


@pytest.fixture
def kernel_chip() -> Iterator[tuple[KernelChip, Path]]:
    """A chip of the kernel's own simulator; its pull files move and show the pins."""
    try:
        (GPIO_SIM / "menjin" / "bank0").mkdir(parents=True)
    except OSError as err:
        pytest.skip(f"needs root and the kernel module gpio-sim with configfs: {err}")
    device, bank = GPIO_SIM / "menjin", GPIO_SIM / "menjin" / "bank0"
    (bank / "num_lines").write_text("8")
    (device / "live").write_text("1")
    name = (bank / "chip_name").read_text().strip()
    lines = Path("/sys/devices/platform") / (device / "dev_name").read_text().strip() / name
    yield KernelChip(f"/dev/{name}"), lines
    (device / "live").write_text("0")
    bank.rmdir()
    device.rmdir()


def test_the_kernels_own_simulator_sees_rest_pulse_and_rest(kernel_chip, reports) -> None:
    chip, lines = kernel_chip
    value = lines / "sim_gpio3" / "value"
    relay = GpioRelay(GpioRelayBoard(chip, {1: 3}, name="hat", active_low=True), 1, name="lock")
    relay.open()
    assert value.read_text().strip() == "1"
    relay.pulse(0.2)
    assert value.read_text().strip() == "0"
    wait_until(lambda: value.read_text().strip() == "1")
    relay.close()


def test_the_kernels_own_simulator_moves_a_contact(kernel_chip, reports) -> None:
    chip, lines = kernel_chip
    wire = InputWire("5", "north", InputKind.EXIT_BUTTON, normally_closed=False)
    inputs = GpioInputs(chip, [wire], name="contacts")
    (lines / "sim_gpio5" / "pull").write_text("pull-up" + os.linesep)
    inputs.start(reports)
    assert changes(reports, 1) == [(InputKind.EXIT_BUTTON, False)]
    (lines / "sim_gpio5" / "pull").write_text("pull-down" + os.linesep)
    assert changes(reports, 1) == [(InputKind.EXIT_BUTTON, True)]
    inputs.stop()
