"""What dpkg runs after an installation: over a checkout, after an upgrade that failed, and on the way back.

The scripts run by the real shell, on a folder instead of the machine; what they call is written down.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wheels import ROOT

FOLDERS = ("/etc/", "/var/lib/menjin", "/var/backups/", "/usr/lib/", "/run/systemd", "/opt/menjin-next")
CALLED = (
    "systemd-sysusers",
    "systemd-tmpfiles",
    "py3compile",
    "py3clean",
    "systemctl",
    "deb-systemd-invoke",
    "udevadm",
    "menjin-server",
)
LATER, DONE, FAILED, REFUSED = 3, 0, 1, 2
CELLS_WRONG = 1
OURS = "# a person's own\n[Service]\nExecStart=/usr/lib/menjin-server/bin/menjin web run --threads 4\n"


class Bench:
    """A machine's folders and the programs that a script calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (
            "bin",
            "etc/systemd/system/multi-user.target.wants",
            "etc/menjin",
            "etc/udev/rules.d",
            "var/lib/menjin-web",
            "run/systemd/system",
            "usr/lib/systemd/system",
            "usr/lib/udev/rules.d",
        ):
            (folder / name).mkdir(parents=True)
        for name in CALLED:
            ends = f'exit "$(cat {folder}/ends)"' if name == "menjin-server" else "exit 0"
            program = folder / "bin" / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/called\n{ends}\n')
            program.chmod(0o755)
        home = folder / "usr/lib/menjin-server"
        (home / "bin").mkdir(parents=True)
        (home / "bin/python3").symlink_to(sys.executable)
        shutil.copy(ROOT / "deploy/debian/server/environment.py", home)
        self.ends(DONE)

    def ends(self, status: int) -> None:
        (self.folder / "ends").write_text(str(status))

    def unit(self, name: str, text: str) -> Path:
        path = self.folder / "etc/systemd/system" / name
        path.write_text(text)
        return path

    def configures(self, files: str, before: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a package's postinst as dpkg does; `before` is the version that was configured last."""
        script = self.script(files, "postinst")
        (self.folder / "called").write_text("")
        return subprocess.run(
            ["sh", "-c", script, "postinst", "configure", before],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
        )

    def script(self, files: str, name: str) -> str:
        """A maintainer script of a package, for this folder."""
        sys.path.insert(0, str(ROOT / "deploy/release"))
        try:
            from debian import PACKAGES, maintainer_script  # type: ignore[import-not-found]
        finally:
            sys.path.remove(str(ROOT / "deploy/release"))
        package = next(each for each in PACKAGES if each.files == files)
        script = str(maintainer_script(package, name))
        for place in FOLDERS:
            script = script.replace(place, f"{self.folder}{place}")
        return script

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
        "deb-systemd-invoke stop menjin-web.service",
        "menjin-server upgrade",
        START,
        RESTART,
    ]
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


def test_a_server_of_cells_is_upgraded_and_started_and_no_second_one_advised(bench: Bench) -> None:
    cells = bench.folder / "var/lib/menjin-web/cells"
    cells.mkdir()
    done = bench.configures("server", "0.1.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert bench.called() == [f"menjin-server upgrade --cells {cells}", START, RESTART]
    assert "menjin-server-setup" not in done.stdout
    bench.ends(CELLS_WRONG)
    done = bench.configures("server", "0.1.0")
    assert (done.returncode, bench.called()[1:]) == (0, [START, RESTART])
    assert f"sudo menjin-server cells check {cells}" in done.stdout
    bench.ends(REFUSED)
    assert bench.configures("server", "0.1.0").returncode == REFUSED


def test_what_was_added_to_the_unit_for_a_checkout_runs_the_packages_program(bench: Bench) -> None:
    (bench.folder / "var/lib/menjin-web/cells").mkdir()
    added = bench.folder / "etc/systemd/system/menjin-web.service.d/override.conf"
    added.parent.mkdir()
    shutil.copy(ROOT / "deploy/menjin-web-cells.conf", added)
    before = added.read_text()
    assert f"{added} ran a checkout's program" in bench.configures("server", "0.1.0").stdout
    program = f"{bench.folder}/usr/lib/menjin-server/bin/menjin"
    assert added.read_text() == before.replace("/opt/menjin/.venv/bin/menjin", program)
    assert added.with_name("override.conf.of-checkout").read_text() == before


class Dpkg:
    """The real dpkg with a database of its own, and two versions of a package with these scripts alone."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.root = bench, bench.folder / "dpkg"
        (self.root / "var/lib/dpkg/updates").mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        for version in ("1", "2"):
            about = bench.folder / version / "DEBIAN"
            about.mkdir(parents=True)
            (about / "control").write_text(
                f"Package: menjin-server\nVersion: {version}\nArchitecture: all\n"
                "Maintainer: A <a@example.org>\nDescription: scripts\n"
            )
            for name in ("prerm", "postinst"):
                (about / name).write_text(bench.script("server", name))
                (about / name).chmod(0o755)
            subprocess.run(
                ["dpkg-deb", "--build", about.parent, bench.folder / f"{version}.deb"],
                check=True,
                capture_output=True,
            )

    def installs(self, version: str) -> "subprocess.CompletedProcess[str]":
        """Install as `apt` lets dpkg do it; the record of calls begins again."""
        (self.bench.folder / "called").write_text("")
        path = f"{self.bench.folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"
        return subprocess.run(
            [
                "dpkg",
                f"--root={self.root}",
                f"--log={self.root}/log",
                "--force-script-chrootless",
                "--force-not-root",
                "--install",
                str(self.bench.folder / f"{version}.deb"),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": path},
        )

    def state(self) -> str:
        shown = [
            "dpkg-query",
            f"--admindir={self.root}/var/lib/dpkg",
            "--show",
            "--showformat=${db:Status-Abbrev}${Version}",
            "menjin-server",
        ]
        return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


@pytest.mark.wide
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg")
@pytest.mark.parametrize("kind", ["web.toml", "cells"])
def test_settings_that_would_not_start_again_stop_nothing_under_the_real_dpkg(
    bench: Bench, kind: str
) -> None:
    place = bench.folder / "var/lib/menjin-web" / kind
    place.touch() if kind == "web.toml" else place.mkdir()
    (bench.folder / "etc/menjin/backup_passphrase").write_text("a long passphrase\n")
    dpkg, env = Dpkg(bench), bench.folder / "etc/menjin/web.env"
    done = dpkg.installs("1")
    assert (done.returncode, dpkg.state()) == (0, "ii 1"), done.stderr
    env.write_text("export MENJIN_X=1\n")
    bench.ends(REFUSED)
    done = dpkg.installs("2")
    assert (done.returncode, dpkg.state()) == (1, "ii 1"), done.stderr
    assert "Nothing was stopped." in done.stderr
    assert f"{env}: line 1: 'export MENJIN_X' is no name: systemd ignores it" in done.stderr
    assert [line for line in bench.called() if "stop" in line] == []
    bench.ends(DONE)
    done = dpkg.installs("2")
    assert (done.returncode, dpkg.state()) == (0, "ii 2"), done.stderr
    assert bench.called()[1] == "deb-systemd-invoke stop menjin-web.service"
    # Where it does not run the next package comes in, whatever the settings say.
    systemctl = bench.folder / "bin/systemctl"
    systemctl.write_text(systemctl.read_text().replace("exit 0", '[ "$2" != is-active ]'))
    bench.ends(REFUSED)
    dpkg.installs("1")
    assert "deb-systemd-invoke stop menjin-web.service" in bench.called()
