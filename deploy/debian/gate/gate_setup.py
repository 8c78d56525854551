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

import gate_controller
from gate_controller.command_line.handed_files import between, lend
from gate_controller.command_line.spoken import Catalogue, asked_language, language_of
from gate_controller.updates.first_boot import NO_DEVICES, site_file, switch_swap_off

FOLDER = Path("/etc/menjin")
SITE_FILE = FOLDER / "site.toml"
OLD_SITE_FILE = FOLDER / "site.toml.old"
AUTHORITY = FOLDER / "server_ca.pem"
HOME = Path("/var/lib/menjin-gate")
USER = "menjin"
RUN = Path("/run")
IDENTITY = HOME / "secrets/identity.json"
WATCHDOG = Path("/etc/systemd/system.conf.d/menjin-watchdog.conf")
CLOCKS = Path("/sys/class/rtc")
SCREEN = ("cage", "chromium")
SITE_OPTIONS = ("server", "server_ca", "devices", "battery_clock")

_ = Catalogue(Path(gate_controller.__file__).parent / "terminal/translations")


class Refused(Exception):
    """It cannot be done as asked; says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set the gate up and say what is left to do; 0 done, 1 failed, 2 refused."""
    _.speak(language_of(os.environ))
    chosen = parser().parse_args(arguments)
    try:
        choose_language()
        set_up(chosen)
    except Refused as err:
        print(f"menjin-gate-setup: {err}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as err:
        # What failed has said why.
        words = " ".join(err.cmd[:2])
        said = _("%(command)s ended with %(status)s", command=words, status=err.returncode)
        print(f"menjin-gate-setup: {said}", file=sys.stderr)
        return 1
    except OSError as err:
        print(f"menjin-gate-setup: {err.filename or 'error'}: {err.strerror or err}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="menjin-gate-setup",
        description=_("Make a paired gate of the installed package. It may be run again."),
    )
    add, file = made.add_argument, {"type": Path, "metavar": "FILE"}
    add("--server", metavar="URL", help=_("the server's address, such as https://gate.example.org"))
    add("--server-ca", help=_("the authority of a server whose certificate no browser trusts"), **file)
    add("--devices", help=_("lanes, relays, readers and ports, as the site file has them"), **file)
    add(
        "--battery-clock",
        action=argparse.BooleanOptionalAction,
        help=_("whether this machine has a clock with a battery; else it is asked where there is a clock"),
    )
    add("--code-file", help=_("its first line is the one-time code"), **file)
    return made


def choose_language() -> None:
    """Ask for the language where the locale names none of ours; what is started here follows it."""
    if language_of(os.environ) is None and sys.stdin.isatty():
        language = asked_language(input)
        os.environ["LANGUAGE"] = language.value
        _.speak(language)


def set_up(chosen: argparse.Namespace) -> None:
    """Do what is not done yet."""
    if os.geteuid() != 0:
        raise Refused(_("run it as root: sudo menjin-gate-setup"))
    given = [f"--{name.replace('_', '-')}" for name in SITE_OPTIONS if getattr(chosen, name) is not None]
    if SITE_FILE.exists() and not given:
        print(_("%(file)s is there and stays as it is.", file=SITE_FILE))
    elif IDENTITY.exists() and SITE_FILE.exists():
        words = " ".join(given)
        raise Refused(
            _("this gate is paired: leave %(options)s out, and edit %(file)s", options=words, file=SITE_FILE)
        )
    else:
        write_site_file(chosen)
    harden()
    if IDENTITY.exists():
        print(_("This gate is paired."))
    else:
        pair(chosen.code_file)
    lanes = read_toml(SITE_FILE.read_text(encoding="utf-8"), SITE_FILE).get("lane", {})
    if not lanes:
        print(_("The site file names no lane yet. This says which port is which reader:"))
        print("  sudo menjin-gate identify")
        print(_("Write its lines into %(file)s, then:", file=SITE_FILE))
        print("  sudo menjin-gate check && sudo menjin-gate-setup")
        return
    run("systemctl", "enable", "--quiet", "--now", "menjin-gate.service")
    if all(shutil.which(program) for program in SCREEN):
        run("systemctl", "enable", "--quiet", "--now", "menjin-terminal-kiosk.service")
    else:
        print(_("A gate with a screen of its own needs:"))
        print("  sudo apt install chromium cage fonts-noto-cjk")
    print(_("The gate runs. This tries its parts:"))
    print("  sudo systemctl stop menjin-gate && sudo menjin-gate check && sudo systemctl start menjin-gate")


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
            raise Refused(_("--server is missing; give it, or answer at a terminal"))
        server = input(_("Address of the server (https://…): ")).strip()
    if not server.startswith("https://"):
        raise Refused(_("%(address)s is not encrypted: the address begins with https://", address=server))
    if chosen.devices:
        devices = chosen.devices.read_text(encoding="utf-8")
    else:
        devices = f"[{rest}" if found else NO_DEVICES
    authority = AUTHORITY if chosen.server_ca or "server_ca" in before else None
    has_clock = has_battery_clock(chosen.battery_clock, before)
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
        print(
            _("%(file)s is written again; what was there is in %(old)s.", file=SITE_FILE, old=OLD_SITE_FILE)
        )
    part.replace(SITE_FILE)


def has_battery_clock(chosen: bool | None, before: dict[str, Any]) -> bool:
    """Return what was said, or what a person says of the clock that is here; without either there is none.

    A gate that wrongly trusts a clock without a battery opens by codes and hours of another day.
    """
    if chosen is not None:
        return chosen
    if "has_battery_clock" in before:
        return bool(before["has_battery_clock"])
    if CLOCKS.is_dir() and any(CLOCKS.iterdir()) and sys.stdin.isatty():
        typed = ""
        while typed not in ("y", "n"):
            typed = input(_("Does this machine's clock have a battery? (y/n): ")).strip().lower()
        return typed == "y"
    print(
        _(
            "No clock with a battery is known (--battery-clock): after a power cut codes and hours wait for "
            "the server's time."
        )
    )
    return False


def read_toml(text: str, path: Path) -> dict[str, Any]:
    """Return what a text says in TOML; raise Refused naming the file it comes from."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise Refused(_("%(file)s: not TOML: %(why)s", file=path, why=err)) from err


def harden() -> None:
    """Let the watchdog end a hang; switch the image's swap off (deploy/raspberry_pi.md)."""
    if not WATCHDOG.exists():
        WATCHDOG.parent.mkdir(parents=True, exist_ok=True)
        WATCHDOG.parent.chmod(0o755)
        WATCHDOG.write_text("[Manager]\nRuntimeWatchdogSec=15s\n", encoding="utf-8")
        WATCHDOG.chmod(0o644)
        run("systemctl", "daemon-reload")
    switch_swap_off()


def pair(code_file: Path | None) -> None:
    """Introduce this gate to its server; a person compares what both screens show."""
    words = ["/usr/bin/menjin-gate", "pair"]
    if code_file is None:
        run(*words)
        return
    # Root alone may read what was named; the gate's user gets a copy for the moment.
    with between(RUN) as folder, code_file.open("rb") as code:
        run(*words, "--code-file", str(lend(code, folder / "pairing_code", USER)))


def run(*command: str) -> None:
    """Run a command; raise CalledProcessError when it fails."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
