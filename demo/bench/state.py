"""Collect what the bench page shows of devices, gates and their journals."""

from demo.bench.journal_words import line_of
from demo.bench.texts import TEXTS, device_name
from demo.rig.gate_ends import GateEnds
from demo.stage import Stage
from demo.world.site_files import MODBUS_ADDRESS, LanePlan
from hardware.interfaces import InputKind
from hardware.osdp.panel import library
from hardware.osdp.signals import AMBER, GREEN, RED
from hardware.simulated.osdp_reader import OsdpReader
from hardware.simulated.telephone_line import Talk
from hardware.simulated.wire import TraceEntry

SHOWN_BYTES = 16
SHOWN_ENTRIES = 6
ASCII = range(0x20, 0x7F)
COLOURS = {RED: "red", GREEN: "green", AMBER: "amber"}
MODBUS_QUESTIONS = (1, 2, 3)
OSDP_IDLE_BYTES = 15
"""A poll in the secure channel, or its answer, and the mark before it: many a second, all empty."""


class BenchState:
    """The newest bytes of each wire, which contacts are active, and all that can be asked of a twin."""

    def __init__(self, stage: Stage) -> None:
        """Begin to note the last bytes on every wire."""
        self._stage = stage
        self._last: dict[str, str] = {}
        self._active: set[tuple[str, InputKind]] = set()
        stage.trace.listen = self._note

    def contact_moved(self, lane_id: str, kind: InputKind, active: bool) -> None:
        """Store the position of a contact that the page moved."""
        (self._active.add if active else self._active.discard)((lane_id, kind))

    def whole(self, language: str) -> dict[str, object]:
        """Return everything that the page shows; needs a Flask context whose locale is `language`."""
        return {
            "server": self._stage.server.runs,
            "gates": {gate_id: self._gate(ends, language) for gate_id, ends in [*self._stage.gates.items()]},
        }

    def _gate(self, ends: GateEnds, language: str) -> dict[str, object]:
        lanes = ends.plan.lane_names
        devices = {twin.name: device_name(twin.name, lanes, TEXTS[language]) for twin in ends.metal.twins}
        state: dict[str, object] = {
            "runs": ends.process.runs,
            "cut": ends.cable.is_cut,
            "journal": [line_of(entry, lanes, devices) for entry in ends.newest_entries(SHOWN_ENTRIES)],
            "lanes": {lane.lane_id: self._lane(ends, lane) for lane in ends.plan.lanes},
            "wires": {
                twin.name: {"plugged": twin.is_plugged, "last": self._last.get(twin.name, "")}
                for twin in ends.metal.twins
            },
        }
        if ends.metal.telephone is not None:
            state["telephone"] = [
                {"number": number, "talks": talk is Talk.TALKING}
                for number, talk in ends.metal.telephone.calls
            ]
        if ends.plan.modbus:
            board = ends.metal.modbus.board(MODBUS_ADDRESS)
            state |= {"stuck": board.is_stuck, "mute": board.is_mute}
        return state

    def _lane(self, ends: GateEnds, lane: LanePlan) -> dict[str, object]:
        state: dict[str, object] = {
            "on": ends.metal.relays.is_on(lane.channel),
            "contacts": {kind.value: (lane.lane_id, kind) in self._active for kind in lane.wires},
        }
        reader = ends.metal.osdp.get(lane.lane_id)
        if reader is not None:
            key = "own" if reader.key is not None else "none" if reader.clear_text else "default"
            state["osdp"] = {
                "secure": reader.is_secure,
                "light": _light(reader),
                "key": key,
                "open": reader.is_open,
                "power": reader.power_fails,
            }
        return state

    def _note(self, entry: TraceEntry) -> None:
        is_modbus, is_osdp = entry.wire.endswith("-modbus"), entry.wire.endswith("-osdp")
        asks = is_modbus and len(entry.data) > 1 and entry.data[1] in MODBUS_QUESTIONS
        if asks or (is_osdp and len(entry.data) <= OSDP_IDLE_BYTES):
            return
        arrow = "→" if entry.direction == "to_host" else "←"
        shown = entry.data[:SHOWN_BYTES]
        plain = "".join(chr(byte) for byte in shown if byte in ASCII) if not (is_modbus or is_osdp) else ""
        if entry.wire.endswith("-keys"):
            plain, shown = "", b"\x2e" * len(shown)  # what may be a PIN's digits stays off the screen
        self._last[entry.wire] = f"{arrow} {shown.hex(' ')}" + (f"  “{plain}”" if plain else "")


def _light(reader: OsdpReader) -> str:
    """Return the colour of the last command to the reader."""
    lights = [shown.command for shown in reader.lights if shown.command["command"] == library().CMD_LED]
    colour = lights[-1]["on_color"] if lights else 0
    return COLOURS.get(colour, "") if isinstance(colour, int) else ""
