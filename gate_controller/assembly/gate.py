"""A gate, assembled: its parts, and the order in which they start and stop."""

import logging
import queue
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gate_controller.assembly.readers import screen_name
from gate_controller.control.controller import Controller
from gate_controller.control.messages import Message, Stop
from gate_controller.face_control.kept_faces import KeptFaces
from gate_controller.lane.hands_free import HandsFreeCodes
from gate_controller.lane.read_floods import ReadFlood
from gate_controller.sync.calls import CallReports
from gate_controller.sync.client import SyncClient
from gate_controller.terminal.entry_guard import write_launch_page
from gate_controller.terminal.server import TerminalServer
from hardware.errors import DeviceUnavailable
from hardware.interfaces import Device, DeviceState, Health, Relay, Telephone

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Gate:
    """A gate, assembled; `run` blocks until `stop` is called from anywhere."""

    controller: Controller
    sync: SyncClient
    calls: CallReports
    devices: tuple[Device, ...]
    telephone: Telephone | None
    relays: dict[str, Relay]
    screens: dict[str, TerminalServer]
    launch_pages: dict[str, Path]
    hands_free: tuple[HandsFreeCodes, ...]
    face: KeptFaces | None
    inbox: "queue.SimpleQueue[Message]"
    closing: ExitStack

    def run(self) -> None:
        """Start the relays first, then screens, devices and the server link, and decide until stopped."""
        with self.closing:
            for lane_id, relay in self.relays.items():
                try:
                    relay.open()
                except DeviceUnavailable as err:
                    log.error("lane %s: %s", lane_id, err)
                self.closing.callback(relay.close)
            for lane_id, screen in self.screens.items():
                # A screen that cannot be shown must not take the readers with it.
                try:
                    screen.start()
                    self.closing.callback(screen.stop)
                    write_launch_page(self.launch_pages[lane_id], screen.launch_url)
                except OSError as err:
                    log.error("the screen of lane %s: %s", lane_id, err)
                    self.inbox.put(DeviceState(screen_name(lane_id), Health.LOST, str(err)))
            for device in self.devices:
                device.start(ReadFlood(self.inbox.put).take)
                self.closing.callback(device.stop)
            if self.telephone is not None:
                self.telephone.start(self.inbox.put)
                self.closing.callback(self.telephone.stop)
            for codes in self.hands_free:
                codes.start()
            self.sync.start()
            self.closing.callback(self.sync.stop)
            self.calls.start()
            self.closing.callback(self.calls.stop)
            if self.face is not None:
                self.face.start_loading()
            self.controller.run()

    def stop(self) -> None:
        """End the loop; every output goes to rest."""
        self.inbox.put(Stop())
