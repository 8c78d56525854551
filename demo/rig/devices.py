"""The simulated devices of one gate: ptys under names that stay, and pictures for its camera.

The camera folder is the only place where a frame of a face is ever a file: it represents the world
in front of the lens, not for anything Menjin keeps, and goes with the demo's own folder.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import cv2
import numpy as np
import qrcode

from demo.rig.boards import Contacts, Plug, Relays, Trace, plug_boards
from demo.world.site_files import OSDP_ADDRESS, GatePlan, LanePlan
from hardware.interfaces import Frame
from hardware.simulated.camera_scene import DARK_SHARE, hand_on_the_lens, street
from hardware.simulated.face_clips import Actor
from hardware.simulated.live_person import FolderPerson
from hardware.simulated.modbus_board import ModbusBus
from hardware.simulated.osdp_reader import OsdpBus, OsdpReader
from hardware.simulated.pictures import camera_frame, jittered
from hardware.simulated.readers import Keypad, LineCardReader, QrScanner
from hardware.simulated.relay_board import RelayBoard
from hardware.simulated.telephone_line import TelephoneLine

CameraTrouble = Literal["frozen", "dark", "covered"]
T = TypeVar("T", bound=Plug)
EMPTY_FRAMES = 2


class TakesCards(Protocol):
    def tap(self, number: int, /) -> int:
        """Hold a card to it and return monotonic ns."""
        ...


class TakesKeys(Protocol):
    def type(self, keys: str, /) -> int:
        """Press keys one after the other and return monotonic ns."""
        ...


class Metal:
    """All devices of one gate, plugged in when made."""

    def __init__(self, plan: GatePlan, folder: Path, trace: Trace) -> None:
        """Make the devices under `folder`/dev and an empty view under `folder`/camera.

        OSDP readers come in install mode, as from the box.
        """
        self.plan = plan
        self.camera_folder = folder / "camera"
        self._closing = ExitStack()
        self.twins: list[Plug] = []
        """Every device with a cable."""
        dev = folder / "dev"
        dev.mkdir(parents=True, exist_ok=True)
        self.readers: dict[str, TakesCards] = {}
        self.keypads: dict[str, TakesKeys] = {}
        self.scanners: dict[str, QrScanner] = {}
        self.osdp: dict[str, OsdpReader] = {}
        self.telephone = TelephoneLine() if plan.has_telephone else None
        if self.telephone is not None:
            self._closing.callback(self.telephone.stop_program)
        self.relays, self.inputs = self._plug_boards(dev, trace)
        for lane in plan.lanes:
            self._plug_lane(lane, dev, trace)
        self._frame_number = 0
        self._person: FolderPerson | None = None
        if any(lane.camera for lane in plan.lanes):
            self._hang_camera()
            self.clear_view()

    def _plug_boards(self, dev: Path, trace: Trace) -> tuple[Relays, Contacts]:
        relays, inputs, boards = plug_boards(self.plan, dev, trace)
        for board in boards:
            self._plug(board)
        return relays, inputs

    def _plug_lane(self, lane: LanePlan, dev: Path, trace: Trace) -> None:
        at = lane.lane_id
        card = LineCardReader(dev / f"{at}-card", lane.reader, name=f"{at}-card", trace=trace)
        self.readers[at] = self._plug(card)
        if lane.osdp:
            self._plug_osdp(at, dev, trace)
        if lane.keypad:
            self.keypads[at] = self._plug(Keypad(dev / f"{at}-keys", name=f"{at}-keys", trace=trace))
        if lane.scanner:
            self.scanners[at] = self._plug(QrScanner(dev / f"{at}-scan", name=f"{at}-scan", trace=trace))

    def _plug_osdp(self, at: str, dev: Path, trace: Trace) -> None:
        bus = self._plug(OsdpBus(dev / f"{at}-osdp", name=f"{at}-osdp", trace=trace))
        self.osdp[at] = bus.add(OSDP_ADDRESS, None)

    def _hang_camera(self) -> None:
        self.camera_folder.mkdir(parents=True, exist_ok=True)

    def _plug(self, twin: T) -> T:
        self._closing.callback(twin.close)
        self.twins.append(twin)
        return twin

    @property
    def telephone_port(self) -> int:
        """Return where the gate's telephone program takes commands; 0 without one."""
        return self.telephone.control_port if self.telephone is not None else 0

    @property
    def usb_relay(self) -> RelayBoard:
        """Return the gate's USB relay board; KeyError where its relays are on another one."""
        return self._board(RelayBoard)

    @property
    def modbus(self) -> ModbusBus:
        """Return the line of the gate's Modbus board; KeyError where it has none."""
        return self._board(ModbusBus)

    def _board(self, kind: type[T]) -> T:
        for twin in self.twins:
            if isinstance(twin, kind):
                return twin
        raise KeyError(f"the gate {self.plan.gate_id} has no {kind.__name__}")

    def twin(self, name: str) -> Plug:
        """Return a device by its name; KeyError when there is none."""
        return {twin.name: twin for twin in self.twins}[name]

    def close(self) -> None:
        """Take every device away."""
        self._walk_away()
        self._closing.close()

    # -- what the camera sees ----------------------------------------------------------------------

    def clear_view(self) -> None:
        self._show([jittered(street(), seed) for seed in range(EMPTY_FRAMES)])

    def trouble_view(self, trouble: CameraTrouble) -> None:
        """Freeze, darken or cover the camera's view."""
        if trouble == "frozen":
            self._show([camera_frame(street())])
        elif trouble == "dark":
            dark = (street() * DARK_SHARE).astype(np.uint8)
            self._show([jittered(dark, seed) for seed in range(EMPTY_FRAMES)])
        else:
            self._show([jittered(hand_on_the_lens(), seed) for seed in range(EMPTY_FRAMES)])

    def show_code(self, text: str) -> int:
        """Hold a QR code in front of the camera; return monotonic ns when it was in view."""
        return self._show([code_picture(text)])

    def stand(self, actor: Actor, prompt: Callable[[], str]) -> int:
        """Put an actor before the camera who does what `prompt` returns; return monotonic ns when in view."""
        self._walk_away()
        self._person = FolderPerson(actor, self.camera_folder, prompt=prompt)
        return self._person.in_view_at_ns

    def _walk_away(self) -> None:
        person, self._person = self._person, None
        if person is not None:
            person.close()

    def _show(self, frames: Sequence[Frame]) -> int:
        self._walk_away()
        old = [*self.camera_folder.glob("frame-*.png"), *self.camera_folder.glob("person-*.jpg")]
        at_ns = 0
        for frame in frames:
            self._frame_number += 1
            ready = self.camera_folder / f"frame-{self._frame_number:06d}.png"
            draft = ready.with_suffix(".draft")
            draft.write_bytes(cv2.imencode(".png", frame, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
            at_ns = at_ns or time.monotonic_ns()
            draft.replace(ready)
        for path in old:
            path.unlink()
        return at_ns


def code_picture(text: str, *, width: int = 640, height: int = 480) -> Frame:
    """Return a frame, height × width × 3, with a phone that shows this QR code."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=6, border=4)
    code.add_data(text)
    code.make(fit=True)
    modules = np.asarray(code.get_matrix(), dtype=bool)
    pixels = max(1, min(width, height) * 9 // 10 // modules.shape[0])
    drawn = np.kron(np.where(modules, 20, 235).astype(np.uint8), np.ones((pixels, pixels), dtype=np.uint8))
    frame = np.full((height, width, 3), 120, dtype=np.uint8)
    top, left = (height - drawn.shape[0]) // 2, (width - drawn.shape[1]) // 2
    frame[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn[:, :, None]
    return frame
