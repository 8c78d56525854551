"""Every kind of device that a site file can name has its hands on the bench page, beneath the real driver."""

import json
import queue
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from demo.bench.entrances import AT_HOME
from demo.bench.page import ACT_HEADER, BenchPage
from demo.bench.texts import TEXTS
from demo.bench.workbench import WITHOUT_TWIN, WORKBENCH
from demo.stage import Stage, open_stage
from gate_controller.assembly.assemble import make_devices
from gate_controller.assembly.cameras import make_camera
from gate_controller.assembly.outputs import make_relays
from gate_controller.assembly.reader_keys import key_name
from gate_controller.assembly.readers import make_osdp_readers
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.load import load_config
from gate_controller.storage.secrets import write_secret
from hardware.errors import HardwareError
from hardware.interfaces import (
    CardRead,
    CodeRead,
    DeviceReport,
    DeviceState,
    Frame,
    Health,
    InputChange,
    KeyPress,
)
from hardware.lines.modbus_lines import ModbusLines
from hardware.simulated.without_kernel import twins_for_the_kernel
from tests.project.device_kinds import OF_ONE_KIND, kinds_of_the_site_file
from tests.support.gates.metal import metal_alone

PATIENCE_SECONDS = 60.0
NUMBER = 0x12345678
OSDP_OUTPUT = "the output of an OSDP reader"
FAMILIES = {"modbus_relay waveshare", "modbus_relay eletechsup"}
EVERY_KIND = (kinds_of_the_site_file() - {"modbus_relay"}) | OF_ONE_KIND | FAMILIES | {OSDP_OUTPUT}
SHOWN = "MJ1:WHAT A PHONE SHOWS"


class PhoneInHand:
    """A phone with a code on it; which one is nothing to a scanner."""

    credential_id = "registered"

    def code(self) -> str:
        return SHOWN


class Hands:
    """The page, and in place of the gates' processes the drivers of each gate's own site file."""

    def __init__(self, stage: Stage, page: BenchPage, closing: ExitStack) -> None:
        self.stage, self.page = stage, page
        self.reports: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
        self.configs: dict[str, GateConfig] = {}
        self.relays = {}
        self.devices: set[str] = set()
        for gate_id, ends in stage.gates.items():
            for lane_id, reader in ends.metal.osdp.items():
                reader.key = secrets.token_bytes(16)
                reader.power_cycle()
                write_secret(ends.folder / "secrets", key_name(f"{lane_id}-osdp"), reader.key)
            config = self.configs[gate_id] = load_config(ends.process.site_file)
            lines, osdp = ModbusLines(), make_osdp_readers(config)
            devices, _lanes = make_devices(config, lines, osdp)
            self.relays |= make_relays(config, lines, self.reports.put, osdp)
            self.devices |= {device.name for device in devices}
            for device in devices:
                device.start(self.reports.put)
                closing.callback(device.stop)
        for relay in self.relays.values():
            closing.callback(relay.close)

    def do(self, act: str, **fields: str) -> dict[str, object]:
        """Do one action of the page and return what it says of it."""
        reply = requests.post(
            self.page.address + "acts",
            json={"act": act, **fields},
            timeout=10,
            headers={ACT_HEADER: "1", "Origin": self.page.address.rstrip("/")},
        )
        assert reply.status_code == 200, reply.text
        answer: dict[str, object] = reply.json()
        return answer

    def until(self, wanted: Callable[[DeviceReport], bool], act: Callable[[], None]) -> None:
        """Do an action, and again, until a driver hands up what is wanted: it may only just be opening."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            act()
            with suppress(queue.Empty):
                while not wanted(self.reports.get(timeout=0.5)):
                    continue
                return
        raise AssertionError("no driver handed it up")

    def until_all(self, health: Health, names: set[str]) -> None:
        """Wait until every device has reported this health."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while names:
            report = self.reports.get(timeout=max(0.1, give_up - time.monotonic()))
            names -= {
                report.device for _ in [0] if isinstance(report, DeviceState) and report.health is health
            }

    def state(self, gate_id: str) -> dict[str, dict[str, dict[str, object]]]:
        """Return what the page shows of a gate now."""
        with requests.get(self.page.address + "events", stream=True, timeout=10) as stream:
            line = next(line for line in stream.iter_lines() if line.startswith(b"data: "))
        state: dict[str, dict[str, dict[str, object]]] = json.loads(line[6:])["gates"][gate_id]
        return state


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with twins_for_the_kernel(), metal_alone(tmp_path, workbench=True) as stage, ExitStack() as closing:
        stage.phones[AT_HOME] = PhoneInHand()
        page = BenchPage(stage)
        closing.callback(page.close)
        yield Hands(stage, page, closing)


def readers_reached(hands: Hands, gate_id: str, config: GateConfig) -> Iterator[str]:
    """Tap, type and scan at everything that the page has hands for, and yield the kinds that received it."""
    cards = [
        *((name, part.kind, part.lane, "line") for name, part in config.reader.items()),
        *((name, "tag_reader", part.lane, "line") for name, part in config.tag_reader.items()),
        *((name, "frame_reader", part.lane, "line") for name, part in config.frame_reader.items()),
        *((name, "osdp_reader", part.lane, "osdp") for name, part in config.osdp_reader.items()),
    ]
    for name, kind, lane, at in cards:
        hands.until(
            lambda r, n=name: isinstance(r, CardRead) and (r.device, r.number) == (n, NUMBER & 0xFFFFFF),
            lambda lane=lane, at=at: hands.do("tap", gate=gate_id, lane=lane, card=str(NUMBER), at=at),
        )
        yield kind
    for name, keypad in config.keypad.items():
        hands.until(
            lambda r, n=name: isinstance(r, KeyPress) and (r.device, r.key) == (n, "5"),
            lambda lane=keypad.lane: hands.do("type", gate=gate_id, lane=lane, keys="5"),
        )
        yield keypad.kind
    for name, scanner in config.scanner.items():
        hands.until(
            lambda r, n=name: isinstance(r, CodeRead) and (r.device, r.text) == (n, SHOWN),
            lambda lane=scanner.lane: hands.do("scan", gate=gate_id, lane=lane, what="code"),
        )
        yield scanner.kind


def wires_reached(hands: Hands, gate_id: str, config: GateConfig) -> Iterator[str]:
    """Move a contact of each board of inputs."""
    for name, board in config.inputs.items():
        wire = board.wires[0]
        hands.until(
            lambda r, n=name, w=wire: (
                isinstance(r, InputChange)
                and (r.device, r.lane_id, r.kind.value, r.active) == (n, w.lane, w.kind, True)
            ),
            lambda w=wire: hands.do("contact", gate=gate_id, lane=w.lane, kind=w.kind, on="1"),
        )
        yield board.kind


def outputs_reached(hands: Hands, gate_id: str, config: GateConfig) -> Iterator[str]:
    """Pulse each lane's relay until the page shows it on."""
    for lane_id, lane in config.lane.items():
        relay, give_up = hands.relays[lane_id], time.monotonic() + PATIENCE_SECONDS
        while hands.state(gate_id)["lanes"][lane_id]["on"] is not True:
            assert time.monotonic() < give_up, lane_id
            with suppress(HardwareError):
                relay.open()
                relay.pulse(2.0)
        board = config.relay.get(lane.relay)
        yield OSDP_OUTPUT if board is None else f"{board.kind} {board.family or ''}".strip()


def cameras_reached(hands: Hands, gate_id: str, config: GateConfig) -> Iterator[str]:
    """Lay a hand on the lens, and look through the gate's own driver."""
    for name, section in config.camera.items():
        camera = make_camera(name, section, config.gate.secrets_dir)
        camera.open()
        try:
            assert brightness(camera.newest_frame(PATIENCE_SECONDS)) > 80
            hands.do("hold", gate=gate_id, lane=section.lane, what="covered")
            give_up = time.monotonic() + PATIENCE_SECONDS
            while brightness(camera.newest_frame(PATIENCE_SECONDS)) > 60:
                assert time.monotonic() < give_up
        finally:
            camera.close()
        yield section.kind


def brightness(frame: Frame | None) -> float:
    assert frame is not None
    return float(frame.mean())


def test_the_page_moves_a_twin_of_every_kind_beneath_its_real_driver(hands: Hands) -> None:
    reached: set[str] = set()
    for gate_id, config in hands.configs.items():
        for walk in (readers_reached, wires_reached, outputs_reached, cameras_reached):
            reached |= set(walk(hands, gate_id, config))
    assert reached == EVERY_KIND - set(WITHOUT_TWIN)


def test_where_no_gate_runs_nothing_is_said_to_be_done(hands: Hands) -> None:
    card = hands.do("tap", gate="north", lane="north-in", card=str(NUMBER), at="line")
    face = hands.do("hold", gate="north", lane="north-in", what="person")
    contact = hands.do("contact", gate="north", lane="north-in", kind="door_open", on="1")
    said = {str(answer["said"]) for answer in (card, face, contact)}
    assert said == {TEXTS["en"]["no_power"]}
    assert [answer["opened"] for answer in (card, face, contact)] == [False] * 3


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_which_kinds_it_has_no_hands_for_and_why(hands: Hands, language: str) -> None:
    text = requests.get(hands.page.address + "street", params={"language": language}, timeout=10).text
    sentence = TEXTS[language]["without_twin"]
    assert sentence in text
    assert [kind for kind in WITHOUT_TWIN if kind not in sentence] == []
    assert all(kind in text for lane in WORKBENCH.lanes for kind in lane.kinds)


def test_every_cable_of_the_page_is_pulled_and_put_back_and_the_driver_finds_it(hands: Hands) -> None:
    hands.until_all(Health.OK, set(hands.devices))
    twins = [(gate_id, twin) for gate_id, ends in hands.stage.gates.items() for twin in ends.metal.twins]
    for gate_id, twin in twins:
        hands.do("cable", gate=gate_id, twin=twin.name, on="0")
    hands.until_all(Health.LOST, set(hands.devices))
    for gate_id, twin in twins:
        renamed = str(int(twin.may_be_renamed))
        hands.do("cable", gate=gate_id, twin=twin.name, on="1", renamed=renamed)
        assert hands.state(gate_id)["wires"][twin.name]["plugged"] is True
    hands.until_all(Health.OK, set(hands.devices))


@pytest.mark.slow
def test_the_workbench_becomes_a_gate_that_opens_each_of_its_lanes() -> None:
    with open_stage(None, wrapper=[], tell=print) as stage, ExitStack() as closing:
        page = BenchPage(stage)
        closing.callback(page.close)
        headers = {ACT_HEADER: "1", "Origin": page.address.rstrip("/")}
        assert "workbench" not in stage.gates
        reply = requests.post(page.address + "acts", json={"act": "workbench"}, timeout=120, headers=headers)
        assert reply.status_code == 200, reply.text
        metal, resident = stage.gates["workbench"].metal, stage.member("resident")
        for lane in WORKBENCH.lanes:
            tap = {"act": "tap", "gate": "workbench", "lane": lane.lane_id, "card": str(resident.card)}
            began_ns = time.monotonic_ns()
            assert requests.post(page.address + "acts", json=tap, timeout=10, headers=headers).ok
            metal.relays.wait_for_on(lane.channel, PATIENCE_SECONDS, after_ns=began_ns)
