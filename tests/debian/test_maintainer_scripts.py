"""What dpkg runs after an installation: over a checkout, after an upgrade that failed, and on the way back.

The scripts run by the real shell, on a folder instead of the machine; what they call is written down.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wheels import ROOT

FOLDERS = ("/etc/", "/var/lib/menjin", "/var/backups/", "/usr/lib/", "/run/systemd")
CALLED = (
    "systemd-sysusers", "systemd-tmpfiles", "py3compile", "systemctl", "deb-systemd-invoke", "udevadm",
    "menjin-server",
)
LATER, DONE, FAILED = 3, 0, 1
OURS = "# a person's own\n[Service]\nExecStart=/usr/lib/menjin-server/bin/menjin web run --threads 4\n"


class Bench:
    """A machine's folders and the programs that a script calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "etc/systemd/system/multi-user.target.wants", "etc/menjin", "etc/udev/rules.d",
                     "var/lib/menjin-web", "run/systemd/system", "usr/lib/systemd/system",
                     "usr/lib/udev/rules.d"):  # fmt: skip
            (folder / name).mkdir(parents=True)
        for name in CALLED:
            ends = f'exit "$(cat {folder}/ends)"' if name == "menjin-server" else "exit 0"
            program = folder / "bin" / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/called\n{ends}\n')
            program.chmod(0o755)
        self.ends(DONE)

    def ends(self, status: int) -> None:
        (self.folder / "ends").write_text(str(status))

    def unit(self, name: str, text: str) -> Path:
        path = self.folder / "etc/systemd/system" / name
        path.write_text(text)
        return path

    def configures(self, files: str, before: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a package's postinst as dpkg does; `before` is the version that was configured last."""
        sys.path.insert(0, str(ROOT / "deploy/release"))
        try:
            from debian import PACKAGES, maintainer_script  # type: ignore[import-not-found]
        finally:
            sys.path.remove(str(ROOT / "deploy/release"))
        package = next(each for each in PACKAGES if each.files == files)
        script = maintainer_script(package, "postinst")
        for place in FOLDERS:
            script = script.replace(place, f"{self.folder}{place}")
        (self.folder / "called").write_text("")
        return subprocess.run(
            ["sh", "-c", script, "postinst", "configure", before], capture_output=True, text=True,
            check=False, env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
        )

    def called(self) -> list[str]:
        """The calls that change what runs."""
        lines = (self.folder / "called").read_text().splitlines()
        return [line for line in lines if line.startswith(("menjin-server", "deb-systemd-invoke"))]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


START = "deb-systemd-invoke start menjin-web.service menjin-backup.timer"
RESTART = "deb-systemd-invoke restart menjin-head-office.service"
"""It does so where the head office is on."""


def test_a_fresh_machine_is_led_to_its_set_up(bench: Bench) -> None:
    done = bench.configures("server")
    assert (done.returncode, bench.called()) == (0, [RESTART])
    assert "Next: sudo menjin-server-setup" in done.stdout


def test_a_server_of_a_checkout_is_upgraded_and_its_unit_gives_way(bench: Bench) -> None:
    (bench.folder / "var/lib/menjin-web/web.toml").touch()
    (bench.folder / "etc/menjin/backup_passphrase").write_text("a long passphrase\n")
    unit = bench.unit("menjin-web.service", (ROOT / "deploy/menjin-web.service").read_text())
    wanted = unit.parent / "multi-user.target.wants" / unit.name
    wanted.symlink_to(unit)
    done = bench.configures("server")
    assert (done.returncode, done.stderr) == (0, "")
    assert bench.called() == [
        "deb-systemd-invoke stop menjin-web.service", "menjin-server upgrade", START, RESTART]
    assert f"{unit} was of a checkout" in done.stdout
    assert (unit.exists(), unit.with_name("menjin-web.service.of-checkout").exists()) == (False, True)
    assert wanted.readlink() == bench.folder / "usr/lib/systemd/system/menjin-web.service"


def test_a_server_of_a_checkout_without_a_passphrase_waits_for_its_set_up(bench: Bench) -> None:
    (bench.folder / "var/lib/menjin-web/web.toml").touch()
    done = bench.configures("server")
    assert (done.returncode, bench.called()) == (0, [RESTART])
    assert "Next: sudo menjin-server-setup, which upgrades and starts it" in done.stdout


def test_a_unit_that_a_person_wrote_stays_and_is_named(bench: Bench) -> None:
    unit = bench.unit("menjin-web.service", OURS)
    done = bench.configures("server", "0.2.0")
    assert f"{unit} wins over the package's" in done.stdout
    assert unit.read_text() == OURS


def test_rules_that_are_the_packages_own_give_way_and_changed_ones_are_named(bench: Bench) -> None:
    own, packages = (bench.folder / place / "udev/rules.d/60-menjin.rules" for place in ("etc", "usr/lib"))
    packages.write_text("# rules\n")
    own.write_text("# rules\n# and a scanner of ours\n")
    assert f"{own} wins over the package's {packages}" in bench.configures("gate").stdout
    assert own.exists()
    own.write_text("# rules\n")
    gate = bench.unit("menjin-gate.service", (ROOT / "deploy/menjin-gate.service").read_text())
    assert bench.configures("gate").returncode == 0
    assert (own.exists(), gate.exists()) == (False, False)


@pytest.mark.parametrize("before", ["0.1.0", "0.2.0", "9.9.0"], ids=["upgrade", "after a failure", "back"])
def test_tables_of_a_later_version_do_not_start_whichever_version_was_configured(
    bench: Bench, before: str
) -> None:
    (bench.folder / "var/lib/menjin-web/web.toml").touch()
    bench.ends(LATER)
    done = bench.configures("server", before)
    assert (done.returncode, bench.called()) == (0, ["menjin-server upgrade", RESTART])
    assert "the server does not start" in done.stdout
    bench.ends(DONE)
    assert bench.configures("server", before).returncode == 0
    assert bench.called() == ["menjin-server upgrade", START, RESTART]


def test_an_upgrade_that_fails_fails_the_installation(bench: Bench) -> None:
    (bench.folder / "var/lib/menjin-web/web.toml").touch()
    bench.ends(FAILED)
    assert bench.configures("server", "0.1.0").returncode == FAILED
    assert bench.called() == ["menjin-server upgrade"]


def test_a_head_office_that_does_not_start_keeps_no_server_down(bench: Bench) -> None:
    (bench.folder / "var/lib/menjin-web/web.toml").touch()
    program = bench.folder / "bin/deb-systemd-invoke"
    program.write_text(program.read_text().replace("exit 0", 'case "$*" in *head-office*) exit 1 ;; esac'))
    done = bench.configures("server", "0.1.0")
    assert (done.returncode, bench.called()) == (0, ["menjin-server upgrade", START, RESTART])
    assert "The head office does not start." in done.stdout
