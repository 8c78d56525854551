"""Run the whole demo on this machine: the server, three gates with their devices, and the actors."""

import base64
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from demo.actors.gate_screen import GateScreen
from demo.actors.manager_browser import ManagerDesk
from demo.actors.office import Office
from demo.actors.phone import ENGLISH, PageRefused, Phone
from demo.rig.devices import Metal
from demo.rig.gate_ends import GateEnds, TraceFile
from demo.rig.network_cable import Cable
from demo.rig.processes import (
    Child,
    GateProcess,
    StartRefused,
    WebServer,
    free_port,
    menjin,
    run_menjin,
    wait_until,
)
from demo.rig.sweeper import swept_after
from demo.world.compound import SITE_NAME, STAFF, TIMEZONE, Compound, Member, seed
from demo.world.site_files import GATES, GatePlan, SiteFile
from hardware.interfaces import Frame
from web_admin.people.invitations import confirm_identity, invite

MANAGER = "manager@demo.test"
READY_SECONDS = 120.0


class Stage:
    """Everything that runs; made by `open_stage`, taken down at the end of its block."""

    def __init__(
        self, folder: Path, trace: TraceFile, *, face: bool, wrapper: list[str], tell: Callable[[str], None]
    ) -> None:
        """Lay out the folder; start nothing."""
        self.folder = folder
        self.trace = trace
        self.has_face = face
        self.closing = ExitStack()
        self.manager_password = secrets.token_urlsafe(9)
        self.totp_secrets = {email: _base32_secret() for email in (MANAGER, *STAFF)}
        """Secret of each sign-in's authenticator, in base 32."""
        self.logs = folder / "logs"
        self.logs.mkdir()
        self._wrapper = wrapper
        self._tell = tell
        self.server = WebServer(folder / "server", free_port(), self.logs / "web.log")
        self.closing.callback(self.server.stop)
        self.phones: dict[str, Phone] = {}
        self.gates: dict[str, GateEnds] = {}

    # -- start -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Set the server up, seed it, pair the gates, start them; raise StartRefused."""
        self._tell("setting up the server")
        self._init_server()
        self.office = Office(self.server.data_dir)
        self.closing.callback(self.office.close)
        self._tell("seeding 60 homes")
        self.compound: Compound = seed(self.office, self.manager_password, self.totp_secrets)
        self.server.start()
        self.desk = self.sign_in(MANAGER, ENGLISH)
        self._tell("pairing three gates and an OSDP reader")
        for plan in GATES:
            self.gates[plan.gate_id] = self.lay_out(plan)
        self.pair(*self.gates.values(), readers=True)
        self._tell("starting the gates")
        for ends in self.gates.values():
            ends.process.start()
        for ends in self.gates.values():
            self.wait_ready(ends, datetime.fromtimestamp(0, UTC))
        self.reopen_screen(self.gates["north"])

    def _init_server(self) -> None:
        own = self.folder / "secrets"
        own.mkdir(mode=0o700)
        for name, value in (
            ("passphrase", secrets.token_urlsafe(18)),
            ("password", self.manager_password),
            ("totp", self.totp_secrets[MANAGER]),
        ):
            path = own / name
            path.touch(mode=0o600)
            path.write_text(value + "\n", encoding="utf-8")
        run_menjin(
            "menjin web init",
            self.logs / "init.log",
            "web",
            "init",
            "--data-dir",
            str(self.server.data_dir),
            "--name",
            SITE_NAME,
            "--language",
            "zh",
            "--timezone",
            TIMEZONE,
            "--public-url",
            self.server.address,
            "--root-key",
            str(own / "root.pem"),
            "--root-passphrase-file",
            str(own / "passphrase"),
            "--manager-email",
            MANAGER,
            "--manager-password-file",
            str(own / "password"),
            "--manager-totp-file",
            str(own / "totp"),
        )

    def lay_out(self, plan: GatePlan) -> GateEnds:
        """Make a gate's devices, cable and site file; start nothing."""
        folder = self.folder / plan.gate_id
        metal = Metal(plan, folder, self.trace.take)
        face = self.has_face and any(lane.camera for lane in plan.lanes)

        def write(server_url: str, port: int) -> Path:
            telephone = metal.telephone_port
            return SiteFile(
                plan, folder, server_url, port, face, metal.camera_folder, telephone_port=telephone
            ).write()

        return self.ends_of(metal, folder, write, self._wrapper)

    def ends_of(
        self, metal: Metal, folder: Path, write: Callable[[str, int], Path], wrapper: list[str]
    ) -> GateEnds:
        """Return the ends of a gate whose metal is plugged in.

        `write` makes its site file from the server's address and the screen's port; `wrapper` is the
        command in front of it, none for `menjin gate run`.
        """
        plan = metal.plan
        self.closing.callback(metal.close)
        cable = Cable(self.server.port)
        self.closing.callback(cable.close)
        port = free_port()
        path = write(cable.address, port)
        process = GateProcess(plan.gate_id, path, self.logs / f"{plan.gate_id}.log", wrapper=wrapper)
        self.closing.callback(process.stop)
        return GateEnds(plan, folder, metal, cable, process, port)

    def pair(self, *gates: GateEnds, readers: bool = False) -> None:
        """Type each code at its gate and approve it once both show the same sixteen characters.

        OSDP readers get their keys meanwhile.
        """
        pairings: list[Child] = []
        try:
            for ends in gates:
                code = self.desk.pair_code(ends.gate_id)
                child = Child(f"pairing {ends.gate_id}", self.logs / f"pair-{ends.gate_id}.log")
                pairings.append(child)
                child.spawn(menjin("gate", "pair", str(ends.process.site_file), "--code", code))
            for ends, child in zip(gates, pairings, strict=True):
                self._approve(ends, child)
            if readers:
                pairings += self._pair_readers(*gates)
            for child in pairings:
                if child.wait(READY_SECONDS) != 0:
                    raise StartRefused(f"{child.name} failed:\n{child.tail()}")
        finally:
            for child in pairings:
                child.kill()

    def _pair_readers(self, *gates: GateEnds) -> list[Child]:
        """Begin `menjin gate pair-reader` for each OSDP reader, which is in install mode."""
        children = []
        for ends in gates:
            for lane_id in ends.metal.osdp:
                child = Child(f"pairing reader {lane_id}", self.logs / f"pair-{lane_id}.log")
                child.spawn(menjin("gate", "pair-reader", str(ends.process.site_file), f"{lane_id}-osdp"))
                children.append(child)
        return children

    def _approve(self, ends: GateEnds, child: Child) -> None:
        def phrases_agree() -> bool:
            waiting = self.office.waiting_pairing(ends.gate_id)
            return waiting is not None and waiting[1] in child.tail().replace(" ", "")

        try:
            wait_until(phrases_agree, READY_SECONDS, f"{child.name}: the sixteen characters on both sides")
        except TimeoutError as err:
            raise StartRefused(f"{err}\n{child.tail()}") from err
        waiting = self.office.waiting_pairing(ends.gate_id)
        if waiting is not None:
            self.desk.approve(waiting[0], ends.gate_id)

    # -- while it runs -----------------------------------------------------------------------------

    def wait_ready(self, ends: GateEnds, since: datetime) -> None:
        """Wait until a gate has reported healthy devices to the server; raise StartRefused."""
        wanted = {
            f"{lane.lane_id}-{part}"
            for lane in ends.plan.lanes
            for part, there in (
                ("card", True),
                ("osdp", lane.osdp),
                ("keys", lane.keypad),
                ("scan", lane.scanner),
            )
            if there
        } | {"wires"}

        def is_ready() -> bool:
            if not ends.process.runs:
                raise StartRefused(f"{ends.process.name} ended:\n{ends.process.tail()}")
            status = self.office.status(ends.gate_id)
            heard = status.last_seen_at is not None and status.last_seen_at > since
            return heard and wanted <= status.devices_ok and status.have[1] > 0

        try:
            wait_until(is_ready, READY_SECONDS, f"{ends.process.name} is ready")
        except TimeoutError as err:
            raise StartRefused(f"{err}\n{ends.process.tail()}") from err

    def wait_synced(self, *gate_ids: str, timeout_seconds: float = 6.0) -> None:
        """Wait until gates hold what is published now; raise TimeoutError."""
        epoch = self.office.policy()[0]
        for gate_id in gate_ids or tuple(self.gates):
            self._wait_synced(gate_id, epoch, timeout_seconds)

    def _wait_synced(self, gate_id: str, epoch: int, timeout_seconds: float) -> None:
        target = (epoch, self.office.status(gate_id).published_version)
        wait_until(
            lambda: self.office.status(gate_id).have >= target,
            timeout_seconds,
            f"gate {gate_id} takes policy {target[1]}",
        )

    def reopen_screen(self, ends: GateEnds) -> None:
        """Sign in to a gate's screen again: its launch token changes with every start."""
        if ends.screen is not None:
            ends.screen.close()
        else:
            self.closing.callback(lambda: ends.screen.close() if ends.screen is not None else None)
        ends.screen = GateScreen(ends.screen_port, ends.folder / "launch_token")

    def use_camera(self, number: int) -> None:
        """Use V4L2 camera `number` at the north gate from now on."""
        ends = self.gates["north"]
        ends.process.stop()
        face = self.has_face
        SiteFile(
            ends.plan,
            ends.folder,
            ends.cable.address,
            ends.screen_port,
            face,
            number,
            telephone_port=ends.metal.telephone_port,
        ).write()
        since = datetime.now(UTC)
        ends.process.start()
        self.wait_ready(ends, since)
        self.reopen_screen(ends)

    def phone_of(self, role: str) -> Phone:
        """Return the phone of one of the cast, invited on first use."""
        if role not in self.phones:
            self.phones[role] = self.new_phone(role, ENGLISH)
        return self.phones[role]

    def new_phone(self, role: str, headers: Mapping[str, str]) -> Phone:
        """Invite one of the cast to a phone more."""
        with self.office.act() as act:
            code = invite(act, self.member(role).person_id)
        phone = Phone(self.server.address, code, headers=headers)
        self.closing.callback(phone.close)
        with self.office.act() as act:  # the card is shown at the desk: a new phone proves nothing
            confirm_identity(act, self.member(role).person_id)
        return phone

    def sign_in(self, email: str, headers: Mapping[str, str]) -> ManagerDesk:
        """Sign one of the staff in at a browser more; raise PageRefused."""
        secret = self.totp_secrets[email]
        desk = ManagerDesk(self.server.address, email, self.manager_password, secret, headers=headers)
        self.closing.callback(desk.close)
        return desk

    def member(self, role: str) -> Member:
        return self.compound[role]

    def portrait(self, name: str) -> Frame:
        """Return a fetched portrait, height × width × 3; raise FileNotFoundError on a damaged one."""
        path = portraits_folder() / f"{name}.jpg"
        picture = cv2.imread(str(path))
        if picture is None:
            raise FileNotFoundError(f"{path} is damaged: delete it and run 'make setup'")
        return np.asarray(picture, dtype=np.uint8)

    def close(self) -> None:
        """Stop everything: ask all at once, so that the end is quick."""
        for ends in self.gates.values():
            ends.process.ask_to_stop()
        self.server.ask_to_stop()
        self.closing.close()


def portraits_folder() -> Path:
    """Return where `make setup` puts the portraits."""
    return Path(sys.prefix) / "share" / "menjin-face-fixtures"


def _base32_secret() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


@contextmanager
def open_stage(
    trace_path: Path | None, *, wrapper: list[str], tell: Callable[[str], None]
) -> Iterator[Stage]:
    """Yield a running stage in a folder of its own, and leave nothing behind."""
    missing = [
        n
        for n in ("person_a_1", "person_b_1", "impostor_1")
        if not (portraits_folder() / f"{n}.jpg").is_file()
    ]
    if missing:
        raise StartRefused(f"the face pictures are not in {portraits_folder()}: run 'make setup'")
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it: frames for the camera never reach a disk
    parent = os.environ.get("TMPDIR") or (str(memory) if os.access(memory, os.W_OK) else None)
    folder = Path(tempfile.mkdtemp(prefix="menjin-demo-", dir=parent))
    trace = TraceFile(trace_path)
    try:
        with swept_after(folder):
            stage = Stage(folder, trace, face=True, wrapper=wrapper, tell=tell)
            try:
                try:
                    stage.start()
                except PageRefused as err:
                    raise StartRefused(f"{err}\n{stage.server.tail()}") from err
                yield stage
            finally:
                stage.close()
    finally:
        trace.close()
        for _try in range(3):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.2)
