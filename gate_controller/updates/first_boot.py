"""Make a gate of a machine at its first start, from the folder that `menjin web gate-card` wrote.

    FOLDER/gate.json       version, address of the server, one-time code
    FOLDER/devices.toml    the part of the site file that names lanes and ports, as far as it is known
    FOLDER/wheels/         the program; FOLDER/files/ units and rules; FOLDER/root.json whom it trusts

Usage: python3 first_boot.py FOLDER [--under DIR]. It imports nothing but Python, and may be run again: what
is done is not done twice. With `--under` every file is laid below DIR and no user, unit or device is touched.
"""

import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

SETTLED = "/var/lib/menjin-gate"
SITE_FILE = "/etc/menjin/site.toml"
CODE_FILE = "/etc/menjin/pairing_code"
ROOT = "/opt/menjin"
SWAP_GENERATOR = "usr/lib/systemd/system-generators/rpi-swap-generator"
SWAP_DROP_IN = "etc/rpi/swap.conf.d/90-menjin.conf"
OLD_SWAP = "usr/sbin/dphys-swapfile"
UNITS = ("menjin-gate.service", "menjin-gate-pair.service", "menjin-terminal-kiosk.service")
USER = "menjin"
SYSTEM: tuple[tuple[str, ...], ...] = (
    ("adduser", "--system", "--group", "--home", SETTLED, "--no-create-home", "menjin"),
    ("addgroup", "--system", "menjin-devices"),
    ("adduser", "menjin", "menjin-devices"),
    ("adduser", "--system", "--group", "--home", "/run/menjin-kiosk", "--no-create-home", "menjin-kiosk"),
)
"""Users as in deploy/debian/gate/menjin-gate.sysusers; each command may be repeated."""
NO_DEVICES = "[lane]\n"


def site_file(
    server_url: str, devices: str, settled: Path, authority: Path | None, *, has_battery_clock: bool
) -> str:
    """Return a site file: where the server is, and behind it the devices as far as they are known."""
    lines = [
        "[gate]",
        f'data_dir = "{settled}"',
        f'secrets_dir = "{settled}/secrets"',
        f'server_url = "{server_url}"',
    ]
    if authority is not None:
        lines.append(f'server_ca = "{authority}"')
    lines.append(f"has_battery_clock = {str(has_battery_clock).lower()}")
    return "\n".join([*lines, "", devices])


class Boot:
    """One run of the first boot."""

    def __init__(self, folder: Path, under: Path | None) -> None:
        """Remember where the folder is, and where everything goes."""
        self.folder, self.under = folder, under
        self.said = json.loads((folder / "gate.json").read_text(encoding="utf-8"))

    def place(self, path: str) -> Path:
        """Return where a path of the machine is, with the folder it lies in."""
        placed = Path(path) if self.under is None else self.under / path.lstrip("/")
        placed.parent.mkdir(parents=True, exist_ok=True)
        return placed

    def run(self) -> None:
        """Do what is not done yet."""
        if self.under is None:
            for command in SYSTEM:
                subprocess.run(command, check=False)
        self._lay_program()
        self._write_site_file()
        self._lay_units()
        self._harden()
        if self.under is None:
            subprocess.run(["systemctl", "daemon-reload"], check=True)
            subprocess.run(["udevadm", "control", "--reload"], check=False)
            subprocess.run(["udevadm", "trigger"], check=False)
            units = ["menjin-gate.service", "menjin-gate-pair.service"]
            subprocess.run(["systemctl", "enable", *units], check=True)
            subprocess.run(["systemctl", "start", "--no-block", "menjin-gate-pair.service"], check=True)
        print(f"menjin first boot: version {self.said['version']} is laid out; it pairs next", flush=True)

    def _lay_program(self) -> None:
        """Unpack the version's wheels by the library among them; the folder with the state comes last.

        It is the gate's user's from then on, so root writes in it no more: all is made beside it.
        """
        root, version = self.place(ROOT), self.said["version"]
        if (root / "versions" / "state.json").exists():
            return
        new = root / ".versions"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        self._unpack(new / version)
        shutil.copyfile(self.folder / "root.json", root / "root.json")
        launcher = new / version / "lib" / "gate_controller" / "updates" / "launcher.py"
        shutil.copyfile(launcher, root / "launch.py")
        state = json.dumps({"step": "kept", "version": version})
        (new / "state.json").write_text(state, encoding="utf-8")
        if self.under is None:
            give_to_user(new)
        os.sync()
        # What is there came to no state: a run that was cut off, or the user removed it.
        if (root / "versions").exists():
            shutil.rmtree(root / "versions")
        new.rename(root / "versions")
        os.sync()

    def _unpack(self, place: Path) -> None:
        wheels = sorted((self.folder / "wheels").glob("*.whl"))
        # A wheel is a zip file, and this one is Python alone: it can be imported as it lies there.
        sys.path[:0] = [str(wheel) for wheel in wheels if wheel.name.startswith("installer-")]
        from installer import install  # noqa: PLC0415
        from installer.destinations import SchemeDictionaryDestination  # noqa: PLC0415
        from installer.sources import WheelFile  # noqa: PLC0415

        inside = str(place / "lib")
        destination = SchemeDictionaryDestination(
            {
                "purelib": inside,
                "platlib": inside,
                "headers": str(place / "include"),
                "scripts": str(place / "bin"),
                "data": str(place / "data"),
            },
            interpreter=sys.executable,
            script_kind="posix",
            bytecode_optimization_levels=(0,),
        )
        for wheel in wheels:
            with WheelFile.open(wheel) as source:
                source.validate_record()
                install(source, destination, {})

    def _write_site_file(self) -> None:
        """Write the head of the site file, and behind it the devices as far as they are known."""
        code = self.place(CODE_FILE)
        code.unlink(missing_ok=True)
        code.touch(mode=0o600)
        code.write_text(f"{self.said['code']}\n", encoding="utf-8")
        if self.under is None:
            shutil.chown(code, USER, USER)
        site_file_path = self.place(SITE_FILE)
        if site_file_path.exists():
            return
        authority, kept = self.folder / "server_ca.pem", None
        if authority.exists():
            kept = self.place("/etc/menjin/server_ca.pem")
            shutil.copyfile(authority, kept)
        devices = self.folder / "devices.toml"
        # Without devices the gate pairs all the same; `menjin gate identify` finds them.
        rest = devices.read_text(encoding="utf-8") if devices.exists() else NO_DEVICES
        clock = bool(self.said.get("has_battery_clock", False))
        text = site_file(self.said["server_url"], rest, self.place(SETTLED), kept, has_battery_clock=clock)
        site_file_path.write_text(text, encoding="utf-8")

    def _lay_units(self) -> None:
        files, units = self.folder / "files", self.place("/etc/systemd/system/menjin-gate.service").parent
        for name in UNITS:
            shutil.copyfile(files / name, units / name)
        more = self.place("/etc/systemd/system/menjin-gate.service.d/launched.conf")
        shutil.copyfile(files / "menjin-gate-launched.conf", more)
        shutil.copyfile(files / "60-menjin.rules", self.place("/etc/udev/rules.d/60-menjin.rules"))

    def _harden(self) -> None:
        """Let the watchdog end a hang; switch the image's swap off (deploy/raspberry_pi.md)."""
        watchdog = self.place("/etc/systemd/system.conf.d/menjin-watchdog.conf")
        watchdog.write_text("[Manager]\nRuntimeWatchdogSec=15s\n", encoding="utf-8")
        switch_swap_off(self.under or Path("/"))


def give_to_user(folder: Path) -> None:
    """Make a tree the gate's user's, from its leaves to its root; a link itself, never what it leads to."""
    entry = pwd.getpwnam(USER)
    for _path, folders, files, within in os.fwalk(folder, topdown=False):
        for name in (*folders, *files):
            os.chown(name, entry.pw_uid, entry.pw_gid, dir_fd=within, follow_symlinks=False)
    os.chown(folder, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def switch_swap_off(root: Path = Path("/")) -> None:
    """Switch the swap of Raspberry Pi OS off, now and at later starts; another system's stays as it is.

    Since trixie a generator of the package rpi-swap makes it at each start by its settings (`swap.conf(5)`);
    before, a service did.
    """
    if (root / SWAP_GENERATOR).exists():
        drop_in = root / SWAP_DROP_IN
        drop_in.parent.mkdir(parents=True, exist_ok=True)
        drop_in.write_text("[Main]\nMechanism=none\n", encoding="utf-8")
        commands = [["systemctl", "stop", "rpi-zram-writeback.timer"], ["swapoff", "--all"]]
    elif (root / OLD_SWAP).exists():
        commands = [["systemctl", "disable", "--now", "dphys-swapfile.service"]]
    else:
        commands = []
    for command in commands if root == Path("/") else []:
        subprocess.run(command, check=False, capture_output=True)


def main(arguments: list[str] | None = None) -> int:
    """Run once; an error says what is missing."""
    parser = argparse.ArgumentParser(description="Make a gate of this machine.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--under", type=Path, help="lay all files below this folder, to try it")
    chosen = parser.parse_args(arguments)
    try:
        Boot(chosen.folder, chosen.under).run()
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError, zipfile.BadZipFile) as err:
        print(f"menjin first boot: {type(err).__name__}: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
