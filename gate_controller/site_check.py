"""Check what needs no device to be asked: secrets, the clock, names of ports, screens."""

import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gate_controller.assemble import read_identity
from gate_controller.check_lines import CheckLine, fine, warning, wrong
from gate_controller.config import GateConfig
from gate_controller.port_trouble import unstable_name
from gate_controller.secrets_dir import (
    CARD_KEY,
    FACE_SECRET,
    GATE_KEY,
    PIN_KEY,
    SecretsUnusable,
    read_secret,
)

CLOCKS = Path("/sys/class/rtc")
MAX_CLOCK_ERROR = timedelta(seconds=120)


def check_secrets(config: GateConfig) -> Iterator[CheckLine]:
    """Yield whether the gate is paired, each secret that is missing or too open, and where they come from."""
    folder = config.gate.secrets_dir
    try:
        identity = read_identity(folder)
    except SecretsUnusable as err:
        yield wrong("secrets", "", str(err))
    else:
        yield fine("secrets", "", f"paired as gate {identity.gate_id} of {identity.site_id}")
    for name in (GATE_KEY, CARD_KEY, PIN_KEY, *([FACE_SECRET] if config.face.enabled else [])):
        try:
            read_secret(folder, name)
        except SecretsUnusable as err:
            yield wrong("secrets", "", str(err))
    if folder.is_dir():
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            text = f"others may replace files in {folder} (mode {mode:o}); run: chmod 700 {folder}"
            yield wrong("secrets", "", text)
        yield fine("secrets", "", f"the gate's secrets come from {_source(folder)}")


def _source(folder: Path) -> str:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and folder.resolve().is_relative_to(Path(credentials).resolve()):
        return f"systemd credentials ({folder})"
    return f"files in {folder}"


def check_clock(config: GateConfig, now: datetime, clocks: Path = CLOCKS) -> Iterator[CheckLine]:
    """Yield whether the battery-backed clock that the site file speaks of is there and right."""
    found = sorted(clocks.iterdir()) if clocks.is_dir() else []
    if not found:
        if config.gate.has_battery_clock:
            text = (
                "gate.has_battery_clock is true and this machine has no such clock: fit a DS3231 and its "
                "overlay (dtoverlay=i2c-rtc,ds3231), or say has_battery_clock = false; codes and hours then "
                "wait for the server's time after a power cut"
            )
            yield wrong("clock", "", text)
        else:
            text = "without a battery: after a power cut codes and hours wait for the server's time"
            yield warning("clock", "", text)
        return
    try:
        shown = datetime.fromtimestamp(int((found[0] / "since_epoch").read_text()), UTC)
    except (OSError, ValueError):
        yield wrong("clock", "", f"{found[0].name} cannot be read; check its battery and wiring")
        return
    if abs(shown - now) > MAX_CLOCK_ERROR:
        text = (
            f"{found[0].name} shows {shown:%Y-%m-%d %H:%M} and this machine {now:%Y-%m-%d %H:%M} (UTC): set "
            "it with `hwclock --systohc` once the time is right; if it is wrong again, change its battery"
        )
        yield wrong("clock", "", text)
    elif not config.gate.has_battery_clock:
        yield warning("clock", "", f"{found[0].name} is fitted and right; say has_battery_clock = true")
    else:
        yield fine("clock", "", f"{found[0].name} shows the right time")


def ports_of(config: GateConfig) -> dict[tuple[str, str], Path]:
    """Return the device file of every part that has one, by its table and name."""
    ports: dict[tuple[str, str], Path | None] = {}
    ports |= {("relay", name): board.port for name, board in config.relay.items()}
    ports |= {("inputs", name): board.port for name, board in config.inputs.items()}
    ports |= {("reader", name): part.port for name, part in config.reader.items()}
    ports |= {("keypad", name): part.port for name, part in config.keypad.items()}
    ports |= {("scanner", name): part.port for name, part in config.scanner.items()}
    ports |= {("osdp_line", name): part.port for name, part in config.osdp_line.items()}
    ports |= {("tag_reader", name): part.port for name, part in config.tag_reader.items()}
    ports |= {("frame_reader", name): part.port for name, part in config.frame_reader.items()}
    return {place: port for place, port in ports.items() if port is not None}


def check_names(config: GateConfig) -> Iterator[CheckLine]:
    """Yield every device file whose name may lead to another device at the next start."""
    for (part, name), port in ports_of(config).items():
        text = unstable_name(port)
        if text is not None:
            yield wrong(part, name, text)
    for name, camera in config.camera.items():
        text = unstable_name(Path(f"/dev/video{camera.source}" if camera.source.isdigit() else camera.source))
        if text is not None:
            yield warning("camera", name, text)


def check_screens(config: GateConfig) -> Iterator[CheckLine]:
    """Yield whether each screen's port on this machine is free."""
    for name, screen in config.terminal.items():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("127.0.0.1", screen.port))
                server.listen(1)
            except OSError as err:
                text = (
                    f"port {screen.port} of 127.0.0.1 cannot be taken ({err.strerror}): another program "
                    "has it. If that is the gate itself, stop it while you check: systemctl stop "
                    f"menjin-gate; if not, give terminal.{name}.port another number"
                )
                yield wrong("terminal", name, text)
            else:
                taken = f"port {screen.port} of 127.0.0.1 is free" if screen.port else "any free port will do"
                yield fine("terminal", name, f"{taken} for the screen")
