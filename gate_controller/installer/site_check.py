"""Check what needs no device to be asked: secrets, the clock, names of ports, screens."""

import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gate_controller.assembly.process_hardening import swap_trouble
from gate_controller.assembly.stored_state import read_identity
from gate_controller.contract.https_only import in_the_clear, is_loopback
from gate_controller.installer.lines import CheckLine, fine, warning, wrong
from gate_controller.installer.port_trouble import shared_name, unstable_name
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import port_of
from gate_controller.storage.secrets import (
    CARD_KEY,
    FACE_SECRET,
    GATE_KEY,
    PIN_KEY,
    SecretsUnusable,
    handed_over,
    read_secret,
)
from hardware.lines.port_names import TTY_FOLDER

CLOCKS = Path("/sys/class/rtc")
TPMS = Path("/sys/class/tpm")
SEALABLE = (GATE_KEY, CARD_KEY, PIN_KEY, FACE_SECRET)
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
    yield from _where_secrets_lie(config)


def _where_secrets_lie(config: GateConfig, tpms: Path = TPMS) -> Iterator[CheckLine]:
    """Yield which secrets are files and which systemd hands over, and what a thief of the disk gets."""
    folder = config.gate.secrets_dir
    sealed = [name for name in SEALABLE if handed_over(name) is not None]
    files = [name for name in SEALABLE if name not in sealed and (folder / name).exists()]
    has_tpm = tpms.is_dir() and any(tpms.iterdir())
    if sealed:
        names = ", ".join(sealed)
        if has_tpm:
            meaning = "sealed with --with-key=tpm2, a stolen disk does not open them"
        else:
            meaning = "this machine has no TPM: what they are sealed with lies on the same disk"
        yield fine("secrets", "", f"{names}: systemd credentials; {meaning}")
    if not files:
        return
    text = (
        f"{', '.join(files)}: files in {folder}. A stolen gate's disk holds the gate's half of the key of "
        "every face here, and what hides card numbers and PINs"
    )
    if has_tpm:
        yield warning("secrets", "", f"{text}. This machine has a TPM: seal them (deploy/raspberry_pi.md)")
    else:
        yield fine("secrets", "", f"{text}. This machine has no TPM that could seal them")


def check_server(config: GateConfig) -> Iterator[CheckLine]:
    """Yield whether the way to the server is encrypted, and whether its own authority can be read."""
    gate = config.gate
    trouble = in_the_clear(gate.server_url)
    if trouble is not None:
        yield wrong("server", "", f"gate.server_url: {trouble}; `run` and `pair` refuse it")
    elif is_loopback(gate.server_url):
        yield fine("server", "", f"{gate.server_url} is on this machine")
    else:
        yield fine("server", "", f"{gate.server_url} is encrypted")
    if gate.server_ca is not None:
        try:
            gate.server_ca.read_bytes()
        except OSError as err:
            yield wrong("server", "", f"gate.server_ca: {gate.server_ca}: {err.strerror}")


def check_memory() -> Iterator[CheckLine]:
    """Yield whether keys and faces in memory could be written to swap."""
    troubles = swap_trouble()
    for trouble in troubles:
        yield warning("memory", "", trouble)
    if not troubles:
        yield fine("memory", "", "keys and faces in memory are not written to swap")


def check_clock(config: GateConfig, now: datetime, clocks: Path = CLOCKS) -> Iterator[CheckLine]:
    """Yield whether the battery-backed clock that the site file names is there and right."""
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
    ports |= {("relay", name): port_of(board) for name, board in config.relay.items()}
    ports |= {("inputs", name): port_of(board) for name, board in config.inputs.items()}
    ports |= {("reader", name): port_of(part) for name, part in config.reader.items()}
    ports |= {("keypad", name): port_of(part) for name, part in config.keypad.items()}
    ports |= {("scanner", name): port_of(part) for name, part in config.scanner.items()}
    ports |= {("osdp_line", name): part.port for name, part in config.osdp_line.items()}
    ports |= {("tag_reader", name): part.port for name, part in config.tag_reader.items()}
    ports |= {("frame_reader", name): part.port for name, part in config.frame_reader.items()}
    return {place: port for place, port in ports.items() if port is not None}


def check_names(config: GateConfig, tty_folder: Path = TTY_FOLDER) -> Iterator[CheckLine]:
    """Yield every device file whose name may lead to another device at the next start."""
    for (part, name), port in ports_of(config).items():
        text = unstable_name(port)
        if text is not None:
            yield wrong(part, name, text)
        shared = shared_name(port, tty_folder=tty_folder)
        if shared is not None:
            yield warning(part, name, shared)
    for name, camera in config.camera.items():
        source = str(getattr(camera, "source", ""))
        text = unstable_name(Path(f"/dev/video{source}" if source.isdigit() else source))
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
