"""Make a paired gate of an installed package: site file, keys from the server, a watchdog against hangs.

It may be run again: what is done is not done twice.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gate_controller.updates.first_boot import NO_DEVICES, site_file

FOLDER = Path("/etc/menjin")
SITE_FILE = FOLDER / "site.toml"
OLD_SITE_FILE = FOLDER / "site.toml.old"
AUTHORITY = FOLDER / "server_ca.pem"
HOME = Path("/var/lib/menjin-gate")
IDENTITY = HOME / "secrets/identity.json"
WATCHDOG = Path("/etc/systemd/system.conf.d/menjin-watchdog.conf")
SWAPS = ("dphys-swapfile.service", "rpi-zram-writer.service")
SCREEN = ("cage", "chromium")
SITE_OPTIONS = ("--server", "--server-ca", "--devices", "--no-battery-clock")


class Refused(Exception):
    """It cannot be done as asked; says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set the gate up and say what is left to do; 0 done, 1 failed, 2 refused."""
    parser = argparse.ArgumentParser(prog="menjin-gate-setup", description=__doc__)
    add, file = parser.add_argument, {"type": Path, "metavar": "FILE"}
    add("--server", metavar="URL", help="the server's address, such as https://gate.example.org")
    add("--server-ca", help="the authority of a server whose certificate no browser trusts", **file)
    add("--devices", help="lanes, relays, readers and ports, as the site file has them", **file)
    add("--no-battery-clock", action="store_true", help="this machine has no clock with a battery")
    add("--code-file", help="its first line is the one-time code", **file)
    chosen = parser.parse_args(arguments)
    try:
        set_up(chosen)
    except Refused as err:
        print(f"menjin-gate-setup: {err}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as err:
        # What failed has said why.
        print(f"menjin-gate-setup: {' '.join(err.cmd[:2])} ended with {err.returncode}", file=sys.stderr)
        return 1
    except OSError as err:
        print(f"menjin-gate-setup: {err.filename or 'error'}: {err.strerror or err}", file=sys.stderr)
        return 1
    return 0


def set_up(chosen: argparse.Namespace) -> None:
    """Do what is not done yet."""
    if os.geteuid() != 0:
        raise Refused("run it as root: sudo menjin-gate-setup")
    given = [name for name in SITE_OPTIONS if getattr(chosen, name.removeprefix("--").replace("-", "_"))]
    if SITE_FILE.exists() and not given:
        print(f"{SITE_FILE} is there and stays as it is.")
    elif IDENTITY.exists() and SITE_FILE.exists():
        raise Refused(f"this gate is paired: leave {' '.join(given)} out, and edit {SITE_FILE}")
    else:
        write_site_file(chosen)
    harden()
    if IDENTITY.exists():
        print("This gate is paired.")
    else:
        pair(chosen.code_file)
    lanes = read_toml(SITE_FILE.read_text(encoding="utf-8"), SITE_FILE).get("lane", {})
    if not lanes:
        print(
            "The site file names no lane yet. 'sudo menjin-gate identify' says which port is which reader;\n"
            f"write its lines into {SITE_FILE}, then: sudo menjin-gate check && sudo menjin-gate-setup"
        )
        return
    run("systemctl", "enable", "--quiet", "--now", "menjin-gate.service")
    if all(shutil.which(program) for program in SCREEN):
        run("systemctl", "enable", "--quiet", "--now", "menjin-terminal-kiosk.service")
    else:
        print("A gate with a screen of its own needs: sudo apt install chromium cage fonts-noto-cjk")
    print("The gate runs. 'sudo menjin-gate check' tries its parts, after: sudo systemctl stop menjin-gate")


def write_site_file(chosen: argparse.Namespace) -> None:
    """Write the head of the site file, and behind it the devices as far as they are known.

    What no option says stays as an earlier file had it, which is kept beside the new one.
    """
    old = SITE_FILE.read_text(encoding="utf-8") if SITE_FILE.exists() else ""
    head, found, rest = old.partition("\n[")
    before = read_toml(head, SITE_FILE).get("gate", {})
    server = chosen.server or before.get("server_url")
    while not server:
        if not sys.stdin.isatty():
            raise Refused("--server is missing; give it, or answer at a terminal")
        server = input("Address of the server (https://…): ").strip()
    if not server.startswith("https://"):
        raise Refused(f"{server} is not encrypted: the address begins with https://")
    if chosen.devices:
        devices = chosen.devices.read_text(encoding="utf-8")
    else:
        devices = f"[{rest}" if found else NO_DEVICES
    authority = AUTHORITY if chosen.server_ca or "server_ca" in before else None
    has_clock = not chosen.no_battery_clock and bool(before.get("has_battery_clock", True))
    text = site_file(server, devices, HOME, authority, has_battery_clock=has_clock)
    read_toml(text, chosen.devices or SITE_FILE)
    FOLDER.mkdir(exist_ok=True)
    FOLDER.chmod(0o755)
    if chosen.server_ca is not None:
        shutil.copyfile(chosen.server_ca, AUTHORITY)
        AUTHORITY.chmod(0o644)
    part = SITE_FILE.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o644)
    if old not in ("", text):
        shutil.copyfile(SITE_FILE, OLD_SITE_FILE)
        print(f"{SITE_FILE} is written again; what was there is in {OLD_SITE_FILE}.")
    part.replace(SITE_FILE)


def read_toml(text: str, path: Path) -> dict[str, Any]:
    """Return what a text says in TOML; raise Refused naming the file it comes from."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise Refused(f"{path}: not TOML: {err}") from err


def harden() -> None:
    """Let the watchdog end a hang; switch the image's swap off (deploy/raspberry_pi.md)."""
    if not WATCHDOG.exists():
        WATCHDOG.parent.mkdir(parents=True, exist_ok=True)
        WATCHDOG.parent.chmod(0o755)
        WATCHDOG.write_text("[Manager]\nRuntimeWatchdogSec=15s\n", encoding="utf-8")
        WATCHDOG.chmod(0o644)
        run("systemctl", "daemon-reload")
    for unit in SWAPS:
        subprocess.run(["systemctl", "disable", "--now", unit], check=False, capture_output=True)


def pair(code_file: Path | None) -> None:
    """Introduce this gate to its server; a person compares what both screens show."""
    words = ["/usr/bin/menjin-gate", "pair"]
    copy = HOME / "pairing_code"
    try:
        if code_file is not None:
            # Root alone may read what was named; the gate's user gets a copy for the moment.
            copy.touch(mode=0o600)
            shutil.chown(copy, "menjin", "menjin")
            copy.write_text(code_file.read_text(encoding="utf-8"), encoding="utf-8")
            words += ["--code-file", str(copy)]
        run(*words)
    finally:
        copy.unlink(missing_ok=True)


def run(*command: str) -> None:
    """Run a command; raise CalledProcessError when it fails."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
