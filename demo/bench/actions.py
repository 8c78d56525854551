"""Carry out the actions of the bench page on the simulated devices."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from demo.actors.gate_screen import ScreenSilent
from demo.actors.phone import PageRefused, Phone
from demo.bench.before_the_camera import CODES, PORTRAITS, BeforeTheCamera
from demo.bench.entrances import AT_HOME
from demo.bench.outcome import Answer, Watch
from demo.bench.state import BenchState
from demo.bench.texts import TEXTS
from demo.bench.workbench import WORKBENCH
from demo.bench.workbench_gate import set_up_workbench
from demo.judge import StepFailed
from demo.rig.devices import CameraTrouble
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import StartRefused
from demo.stage import Stage
from demo.world.compound import UNKNOWN_CARD
from demo.world.site_files import MODBUS_ADDRESS
from hardware.interfaces import InputKind

PRESSED_SECONDS = 0.3
OPENS_WITHIN_SECONDS = 12.0
"""A face takes longest: the person looks, and does what the screen asks."""
DECIDED_WITHIN_SECONDS = 4.0
"""A card, a whole number, a code or a button: the hash of a PIN takes longest."""
HALF_TYPED_SECONDS = 0.6
WRITTEN_WITHIN_SECONDS = 1.5
"""Of what opens nothing: what a gate writes about it later, its journal on the page shows."""
TELEPHONE_KEYS = "0123456789*#"
LANE_ACTS = ("tap", "type", "scan", "hold", "press")
UNREAD = ("nobody", *get_args(CameraTrouble))
"""The things before a camera that ask for no opening."""
WALKING_SECONDS = 1.4
OsdpKey = Literal["own", "default", "none"]


class BenchRefused(Exception):
    """This cannot be done on the bench now; says why."""


class BenchActs:
    """Actions by name; several at a time are done one after the other."""

    def __init__(self, stage: Stage, state: BenchState) -> None:
        """Begin; an OSDP reader's key is kept when it is swapped, so that it can have it back."""
        self._stage = stage
        self._state = state
        self._lock = threading.Lock()
        self._camera = BeforeTheCamera(stage)
        self._keys: dict[str, bytes | None] = {}
        self._acts: dict[str, Callable[[dict[str, str]], object]] = {
            "tap": self._tap,
            "type": self._type,
            "scan": self._scan,
            "hold": self._hold,
            "contact": self._contact,
            "press": self._press,
            "osdp_key": self._osdp_key,
            "osdp_case": self._osdp_case,
            "osdp_power": self._osdp_power,
            "stuck": self._stuck,
            "mute": self._mute,
            "cable": self._cable,
            "network": self._network,
            "power": self._power,
            "server": self._server,
            "telephone": self._telephone,
            "workbench": self._workbench,
        }

    def do(self, act: dict[str, str], language: str) -> Answer:
        """Do one action and return what came of it; raise BenchRefused where it makes no sense or fails.

        Needs a Flask context whose locale is `language`.
        """
        handler = self._acts.get(act.get("act", ""))
        if handler is None and act.get("act") != "register":
            raise BenchRefused(f"no act {act.get('act')!r}; legal: {', '.join((*self._acts, 'register'))}")
        try:
            with self._lock:
                if handler is None:
                    return self._camera.register(self._ends(act), act, language)
                closed = self._closed_camera(act, language)
                if closed is not None:
                    return closed
                watch = self._watch(act)
                handler(act)
                if watch is not None and act.get("walks") == "1":
                    self._walk_when_open(act, watch.began_ns)
            return self._answer(act, watch, language)
        except KeyError as err:
            raise BenchRefused(f"nothing is called {err} here") from err
        except (StartRefused, StepFailed, PageRefused, ScreenSilent, OSError, ValueError) as err:
            raise BenchRefused(str(err)) from err

    def _closed_camera(self, act: dict[str, str], language: str) -> Answer | None:
        """Return why the camera does not see what is shown; press on the screen first if that was asked."""
        if act.get("act") != "hold" or act.get("what") in UNREAD:
            return None
        ends = self._ends(act)
        if not ends.process.runs:
            return None
        if act.get("pressed") == "1":
            return self._camera.press(ends, act, language)
        return self._camera.closed_for(ends, act, language)

    def _watch(self, act: dict[str, str]) -> Watch | None:
        """Return where the gate of an act stands before it, None for what is done to no gate."""
        if act.get("gate", "") not in self._stage.gates:
            return None
        return Watch(self._ends(act), act.get("lane", "") if _asks_to_be_let_in(act) else "")

    def _answer(self, act: dict[str, str], watch: Watch | None, language: str) -> Answer:
        if watch is None or act.get("act") == "power":
            return Answer(TEXTS[language]["carried_out"])
        if not self._ends(act).process.runs:
            return Answer(TEXTS[language]["no_power"])
        if act.get("act") == "hold" and act.get("what") in PORTRAITS:
            answer = watch.answer(language, OPENS_WITHIN_SECONDS)
            with self._lock:  # the person goes in, or away
                self._ends(act).metal.clear_view()
            return answer
        if act.get("act") == "type" and not act.get("keys", "").endswith("#"):
            answer = watch.answer(language, HALF_TYPED_SECONDS)
            return answer if answer.opened else Answer(TEXTS[language]["half_typed"])
        patience = DECIDED_WITHIN_SECONDS if _asks_to_be_let_in(act) else WRITTEN_WITHIN_SECONDS
        return watch.answer(language, patience)

    def _ends(self, act: dict[str, str]) -> GateEnds:
        return self._stage.gates[act.get("gate", "")]

    # -- a person at a lane ------------------------------------------------------------------------

    def _tap(self, act: dict[str, str]) -> None:
        card = act.get("card", "")
        if card != "unknown" and not (card.isascii() and card.isdigit()):
            raise BenchRefused(f"no card of the list is called {card!r}")
        number = UNKNOWN_CARD if card == "unknown" else int(card)
        if not 0 < number < 2**32:
            raise BenchRefused("a card's number has 32 bits")
        metal, lane_id = self._ends(act).metal, act.get("lane", "")
        if act.get("at") == "osdp":
            metal.osdp[lane_id].tap(number)
        else:
            metal.readers[lane_id].tap(number)

    def _type(self, act: dict[str, str]) -> None:
        keys = act.get("keys", "")
        if not 0 < len(keys) <= 32 or set(keys) - set("0123456789*#"):
            raise BenchRefused("a keypad has 0 to 9, * and #")
        metal, lane_id = self._ends(act).metal, act.get("lane", "")
        if act.get("at") == "osdp":
            metal.osdp[lane_id].type(keys)
        else:
            metal.keypads[lane_id].type(keys)

    def _code(self, act: dict[str, str]) -> str:
        phone: Phone = self._stage.phone_of(AT_HOME)
        if not phone.credential_id:
            phone.switch("qr", True)
            phone.register_key()
            # A gate that has not received the key yet would refuse its first code.
            self._stage.wait_synced(act.get("gate", ""))
        return phone.forged_code() if act.get("what") == "forged" else phone.code()

    def _scan(self, act: dict[str, str]) -> None:
        self._ends(act).metal.scanners[act.get("lane", "")].scan(self._code(act))

    def _hold(self, act: dict[str, str]) -> None:
        metal, what = self._ends(act).metal, act.get("what", "")
        trouble = next((word for word in get_args(CameraTrouble) if word == what), None)
        if trouble is not None:
            metal.trouble_view(trouble)
        elif what == "nobody":
            metal.clear_view()
        elif what in CODES:
            metal.show_code(self._code(act))
        else:
            self._camera.show_face(self._ends(act), what)

    def _walk_when_open(self, act: dict[str, str], shown_ns: int) -> None:
        """Go through the lane's door as soon as it is unlocked; stay where it stays locked."""
        ends, lane_id = self._ends(act), act.get("lane", "")
        if InputKind.DOOR_OPEN in ends.plan.lane(lane_id).wires:
            threading.Thread(target=self._walk, args=(ends, lane_id, shown_ns), daemon=True).start()

    def _walk(self, ends: GateEnds, lane_id: str, shown_ns: int) -> None:
        channel = ends.plan.lane(lane_id).channel
        try:
            ends.metal.relays.wait_for_on(channel, OPENS_WITHIN_SECONDS, after_ns=shown_ns)
        except TimeoutError:
            return
        self._move_door(ends, lane_id, True)
        time.sleep(WALKING_SECONDS)
        self._move_door(ends, lane_id, False)

    def _move_door(self, ends: GateEnds, lane_id: str, active: bool) -> None:
        ends.metal.inputs.set(lane_id, InputKind.DOOR_OPEN, active)
        self._state.contact_moved(lane_id, InputKind.DOOR_OPEN, active)

    # -- contacts ----------------------------------------------------------------------------------

    def _contact(self, act: dict[str, str]) -> None:
        lane_id, kind, active = act.get("lane", ""), InputKind(act.get("kind", "")), act.get("on") == "1"
        self._ends(act).metal.inputs.set(lane_id, kind, active)
        self._state.contact_moved(lane_id, kind, active)

    def _press(self, act: dict[str, str]) -> None:
        inputs, lane_id = self._ends(act).metal.inputs, act.get("lane", "")
        kind = InputKind(act.get("kind", ""))
        inputs.set(lane_id, kind, True)
        threading.Timer(PRESSED_SECONDS, inputs.set, (lane_id, kind, False)).start()

    # -- what may be wrong with a device -----------------------------------------------------------

    def _osdp_key(self, act: dict[str, str]) -> None:
        lane_id, key = act.get("lane", ""), act.get("key", "")
        reader = self._ends(act).metal.osdp[lane_id]
        if key not in get_args(OsdpKey):
            raise BenchRefused(f"an OSDP reader has the key {', '.join(get_args(OsdpKey))}")
        self._keys.setdefault(lane_id, reader.key)
        reader.clear_text = key == "none"
        reader.key = self._keys[lane_id] if key == "own" else None
        reader.power_cycle()

    def _osdp_case(self, act: dict[str, str]) -> None:
        self._ends(act).metal.osdp[act.get("lane", "")].tamper(act.get("on") == "1")

    def _osdp_power(self, act: dict[str, str]) -> None:
        self._ends(act).metal.osdp[act.get("lane", "")].fail_power(act.get("on") == "1")

    def _stuck(self, act: dict[str, str]) -> None:
        self._ends(act).metal.modbus.board(MODBUS_ADDRESS).is_stuck = act.get("on") == "1"

    def _mute(self, act: dict[str, str]) -> None:
        self._ends(act).metal.modbus.board(MODBUS_ADDRESS).is_mute = act.get("on") == "1"

    def _cable(self, act: dict[str, str]) -> None:
        twin = self._ends(act).metal.twin(act.get("twin", ""))
        if act.get("on") == "1":
            twin.replug(renamed=act.get("renamed") == "1")
        else:
            twin.unplug()

    def _telephone(self, act: dict[str, str]) -> None:
        line, number, kind = self._ends(act).metal.telephone, act.get("number", ""), act.get("kind", "")
        if line is None:
            raise BenchRefused("this gate has no telephone")
        hands: dict[str, Callable[[], object]] = {
            "answer": lambda: line.answer(number),
            "reject": lambda: line.reject(number),
            "hang_up": lambda: line.hang_up(number),
            **{f"key_{key}": partial(line.press, number, key) for key in TELEPHONE_KEYS},
        }
        hands[kind]()

    # -- gates and server --------------------------------------------------------------------------

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

    def _workbench(self, _act: dict[str, str]) -> None:
        if WORKBENCH.gate_id not in self._stage.gates:
            set_up_workbench(self._stage)


def _asks_to_be_let_in(act: dict[str, str]) -> bool:
    return act.get("act") in LANE_ACTS and act.get("what") not in UNREAD
