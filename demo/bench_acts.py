"""What the hands on the bench page can do to the metal, and what can be seen of it."""

import threading
from collections.abc import Callable

import cv2
import numpy as np

from demo.compound import UNKNOWN_CARD
from demo.gate_ends import GateEnds
from demo.phone import PageRefused, Phone
from demo.processes import StartRefused
from demo.stage import Stage
from hardware.interfaces import InputKind
from hardware.simulated.wire import TraceEntry

SHOWN_BYTES = 16
PORTRAITS = {"person": "person_b_1", "other": "person_b_2", "stranger": "impostor_1"}
ASCII = range(0x20, 0x7F)


class BenchRefused(Exception):
    """This cannot be done on the bench now; says why."""


class BenchActs:
    """Acts by name; several at a time are done one after the other."""

    def __init__(self, stage: Stage) -> None:
        """Begin to note the last bytes on every wire."""
        self._stage = stage
        self._lock = threading.Lock()
        self._last: dict[str, str] = {}
        self._open_doors: set[str] = set()
        self._unplugged: set[str] = set()
        self._seed = 1000
        stage.trace.listen = self._note
        self._acts: dict[str, Callable[[dict[str, str]], object]] = {
            "tap": self._tap,
            "type": self._type,
            "scan": self._scan,
            "hold": self._hold,
            "door": self._door,
            "exit": self._exit,
            "cable": self._cable,
            "network": self._network,
            "power": self._power,
            "server": self._server,
        }

    def do(self, act: dict[str, str]) -> None:
        """Do one act; raise BenchRefused when it makes no sense or did not work."""
        handler = self._acts.get(act.get("act", ""))
        if handler is None:
            raise BenchRefused(f"no act {act.get('act')!r}; legal: {', '.join(self._acts)}")
        with self._lock:
            try:
                handler(act)
            except KeyError as err:
                raise BenchRefused(f"nothing is called {err} here") from err
            except (StartRefused, PageRefused, OSError, ValueError) as err:
                raise BenchRefused(str(err)) from err

    def state(self) -> dict[str, object]:
        """Return what the page shows."""
        return {
            "server": self._stage.server.runs,
            "gates": {gate_id: self._gate(ends) for gate_id, ends in self._stage.gates.items()},
        }

    def _gate(self, ends: GateEnds) -> dict[str, object]:
        relay = ends.metal.relays
        return {
            "runs": ends.process.runs,
            "cut": ends.cable.is_cut,
            "decision": _last_decision(ends),
            "lanes": {
                lane.lane_id: {"on": relay.is_on(lane.channel), "door": lane.lane_id in self._open_doors}
                for lane in ends.plan.lanes
            },
            "wires": {
                twin.name: {
                    "plugged": twin.name not in self._unplugged,
                    "last": self._last.get(twin.name, ""),
                }
                for twin in ends.metal.twins
            },
        }

    def _note(self, entry: TraceEntry) -> None:
        arrow = "→" if entry.direction == "to_host" else "←"
        shown = entry.data[:SHOWN_BYTES]
        plain = "".join(chr(byte) for byte in shown if byte in ASCII)
        if entry.wire.endswith("-keys"):
            plain, shown = "", b"\x2e" * len(shown)  # what may be a PIN's digits stays off the screen
        self._last[entry.wire] = f"{arrow} {shown.hex(' ')}" + (f"  “{plain}”" if plain else "")

    # -- acts --------------------------------------------------------------------------------------

    def _ends(self, act: dict[str, str]) -> GateEnds:
        return self._stage.gates[act.get("gate", "")]

    def _tap(self, act: dict[str, str]) -> None:
        number = UNKNOWN_CARD if act.get("card") == "unknown" else int(act.get("card", ""))
        if not 0 < number < 2**32:
            raise BenchRefused("a card's number has 32 bits")
        self._ends(act).metal.readers[act.get("lane", "")].tap(number)

    def _type(self, act: dict[str, str]) -> None:
        keys = act.get("keys", "")
        if not 0 < len(keys) <= 32 or set(keys) - set("0123456789*#"):
            raise BenchRefused("a keypad has 0 to 9, * and #")
        self._ends(act).metal.keypads[act.get("lane", "")].type(keys)

    def _code(self, act: dict[str, str]) -> str:
        phone: Phone = self._stage.phone_of("resident")
        if not phone.credential_id:
            phone.switch("qr", True)
            phone.register_key()
        return phone.forged_code() if act.get("what") == "forged" else phone.code()

    def _scan(self, act: dict[str, str]) -> None:
        self._ends(act).metal.scanners[act.get("lane", "")].scan(self._code(act))

    def _hold(self, act: dict[str, str]) -> None:
        metal, what = self._ends(act).metal, act.get("what", "")
        if what == "nobody":
            metal.clear_view()
        elif what in ("code", "forged"):
            metal.show_code(self._code(act))
        else:
            picture = cv2.imread(str(self._stage.portrait_path(PORTRAITS[what])))
            if picture is None:
                raise BenchRefused("the face pictures are damaged: run 'make setup'")
            self._seed += 50
            metal.show_person(np.asarray(picture, dtype=np.uint8), seed=self._seed)

    def _door(self, act: dict[str, str]) -> None:
        lane_id, opens = act.get("lane", ""), act.get("on") == "1"
        self._ends(act).metal.inputs.set(lane_id, InputKind.DOOR_OPEN, opens)
        (self._open_doors.add if opens else self._open_doors.discard)(lane_id)

    def _exit(self, act: dict[str, str]) -> None:
        inputs, lane_id = self._ends(act).metal.inputs, act.get("lane", "")
        inputs.set(lane_id, InputKind.EXIT_BUTTON, True)
        threading.Timer(0.3, inputs.set, (lane_id, InputKind.EXIT_BUTTON, False)).start()

    def _cable(self, act: dict[str, str]) -> None:
        twin = self._ends(act).metal.twin(act.get("twin", ""))
        if act.get("on") == "1":
            twin.replug()
            self._unplugged.discard(twin.name)
        else:
            twin.unplug()
            self._unplugged.add(twin.name)

    def _network(self, act: dict[str, str]) -> None:
        cable = self._ends(act).cable
        (cable.mend if act.get("on") == "1" else cable.cut)()

    def _power(self, act: dict[str, str]) -> None:
        ends = self._ends(act)
        if act.get("on") != "1":
            ends.process.kill()
            ends.metal.relays.power_cycle()
        elif not ends.process.runs:
            ends.process.start()

    def _server(self, act: dict[str, str]) -> None:
        if act.get("on") != "1":
            self._stage.server.stop()
        elif not self._stage.server.runs:
            self._stage.server.start()


def _last_decision(ends: GateEnds) -> str:
    facts = ends.last_decision()
    if facts is None:
        return ""
    return f"{facts.get('lane_id')} · {facts.get('method')} · {facts.get('reason')}"
