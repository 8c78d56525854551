"""Server and gate on a fresh Debian 13: the pages' own commands, an upgrade, the way back, removal, purge."""

import re
import shutil
import time
from pathlib import Path

import pytest

from tests.debian import machine
from tests.debian.apt_makers import Makers
from tests.debian.client import Client
from tests.debian.machine import ENVIRONMENT, Machine
from tests.debian.secrets_of_a_server import PASSPHRASE, PASSWORD, STORED
from tests.support.terminal import Terminal
from tests.support.wheels import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(machine.cannot()), reason=machine.cannot() or "it can"),
]
ADDRESS = "https://gate.example.org"
ANSWERS = (
    ("[Y/n]", "y"),
    ("Language / 语言", "1"),
    ("Language of the compound", "1"),
    ("Time zone of the compound", "Asia/Shanghai"),
    ("Name of the compound", "Willow Court"),
    ("Address that residents type", ADDRESS),
    ("[none]", ""),
    ("Passphrase of the root key", PASSPHRASE),
    ("E-mail address of the manager", "manager@example.org"),
    ("Password of the manager", PASSWORD),
    ("once more", ""),
    ("Address of the server", ADDRESS),
    ("One-time code", "CODE"),
)
"""What a person types after which words; once more means the secret before it."""
WEB_ENV = f'''# as systemd reads it
MENJIN_PUBLIC_URL="{ADDRESS}"
MENJIN_LOG_LEVEL='INFO'
'''
NOT_HERE = {
    "chromium": "a screen needs 600 MB that no test looks at",
    "raspi-config": "Raspberry Pi OS alone has it",
    "/dev/serial/": "the machine has no USB",
    "identify": "it waits for a person's tap",
}
"""Commands of the pages that this machine cannot run, and why."""
DEVICES = """
[relay.board]
kind = "usb_relay"
port = "/run/bench/relay"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"

[reader.card]
kind = "serial_card"
port = "/run/bench/card"
lane = "north-in"
bits = 34
"""


def commands_of(page: str, without: tuple[str, ...] = (), only: str = "") -> list[str]:
    """The blocks of shell of a page, in order, each command whole; without some headings, or of one alone."""
    text = (ROOT / "deploy" / page).read_text(encoding="utf-8")
    for heading in without:
        text = part_below(heading).sub("", text)
    if only:
        found = part_below(only).search(text)
        assert found is not None
        text = found[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in whole_commands(block)]


def part_below(heading: str) -> "re.Pattern[str]":
    return re.compile(rf"^{re.escape(heading)}\n.*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def whole_commands(block: str) -> list[str]:
    """Lines of a block, those that belong together in one: continued ones and loops."""
    commands: list[str] = []
    is_open = False
    for line in block.splitlines():
        if is_open:
            commands[-1] += f"\n{line}"
        else:
            commands.append(line)
        whole = commands[-1]
        is_open = whole.endswith("\\") or (bool(re.search(r"\bdo$", whole, re.M)) and "done" not in whole)
    return commands


def plays(fresh: Machine, command: str, code: str = "") -> str:
    """Run a command at a terminal of the machine, type what it asks for; return what it showed."""
    typed, rest = "", 0
    with Terminal(fresh.words("/bin/bash", "-c", command), env=ENVIRONMENT) as screen:
        while screen.reads():
            shown = screen.screen[rest:]
            last = shown.rpartition("\n")[2].rstrip(" ")
            for words, answer in ANSWERS:
                if words in last and last.endswith((":", "]")):
                    typed = typed if words == "once more" else code if answer == "CODE" else answer
                    screen.types(typed)
                    rest = len(screen.screen)
                    break
            if found := re.search(r"Compare with the manager's page: ([A-Z0-9 ]+)\n", shown):
                office(fresh, f"approve {found[1].replace(' ', '')}")
                rest = len(screen.screen)
        fresh.said.append(f"# {command}\n{screen.screen}")
        assert screen.ends() == 0, f"{command}\n{screen.screen}"
        return screen.screen


def office(fresh: Machine, words: str) -> str:
    """Let staff do something, by the installed server's actions."""
    python = "runuser -u menjin-web -- /usr/lib/menjin-server/bin/python3 -B office.py"
    more = "MENJIN_DATA_DIR=/var/lib/menjin-web PYTHONPATH=/opt/bench"
    return fresh.run(f"cd /opt/bench && {more} {python} {words}").stdout.strip()


def serves(fresh: Machine) -> str:
    """What a browser that knows the authority sees of the page where staff sign in, through Caddy's TLS."""
    trusted = "--cacert /etc/menjin/authority.pem --retry 20 --retry-all-errors --silent --show-error"
    return fresh.run(f"curl {trusted} --fail {ADDRESS}/readyz {ADDRESS}/staff/sign-in").stdout


def opens(fresh: Machine) -> None:
    """Hold the card to the reader; the relay is released."""
    fresh.run(": > /run/bench/said; echo 4200000 > /run/bench/taps")
    said = fresh.run("until [ -s /run/bench/said ]; do sleep 0.2; done; cat /run/bench/said").stdout
    assert said == "opened\n"


def version_of(fresh: Machine, package: str) -> str:
    return fresh.run(f"dpkg-query --show --showformat='${{Version}}' {package}").stdout


def test_the_pages_install_a_server_and_a_gate_that_are_upgraded_go_back_and_leave(fresh: Machine) -> None:
    for command in commands_of(
        "server.md",
        without=(
            "### From a repository, with updates each night",
            "### Records in PostgreSQL",
            "## 5. A new machine",
        ),
    ):
        plays(fresh, command)
    assert "Staff sign-in" in serves(fresh)
    assert fresh.run("ls /var/backups/menjin").stdout.endswith("Z.menjin\n")
    assert "menjin-backup.timer" in fresh.run("systemctl list-timers --no-pager").stdout
    assert fresh.run("stat -c '%U %a' /root/menjin_root_key.pem").stdout == "root 600\n"

    code = office(fresh, "add-gate")
    fresh.write("/root/devices.toml", DEVICES)
    for number, command in enumerate(gate_commands()):
        plays(fresh, command, code)
        if number == 0:
            metal = "/usr/lib/menjin-gate/bin/python3 -B /opt/bench/metal.py /run/bench"
            fresh.run(f"systemd-run --quiet --unit=bench {metal}")
            fresh.run("until [ -e /run/bench/said ]; do sleep 0.1; done")
    opens(fresh)

    # An edited file of settings is kept; what the service's environment says in quotes is no trouble.
    fresh.run("echo '# ours' >> /etc/menjin/Caddyfile")
    fresh.write("/etc/menjin/web.env", WEB_ENV)
    fresh.run("systemctl restart menjin-web")
    assert fresh.run(STORED).stdout == "1\n"
    direct = Client(fresh, "direct", "http://127.0.0.1:8000/readyz")
    through = Client(fresh, "through", f"--cacert /etc/menjin/authority.pem {ADDRESS}/privacy")
    fresh.run("apt-get install --yes ./menjin-server_0.4.0_amd64.deb ./menjin-gate_0.4.0_amd64.deb")
    assert fresh.run(STORED).stdout == "1\n"
    assert (direct.failures(), through.failures()) == ([], [])
    assert (version_of(fresh, "menjin-server"), version_of(fresh, "menjin-gate")) == ("0.4.0", "0.4.0")
    assert "Staff sign-in" in serves(fresh)
    assert fresh.run("tail -n 1 /etc/menjin/Caddyfile").stdout == "# ours\n"
    opens(fresh)

    refuses_settings_that_would_not_start(fresh)
    back = fresh.run(
        "apt-get install --yes --allow-downgrades ./menjin-server_0.3.0_amd64.deb"
        " ./menjin-gate_0.3.0_amd64.deb"
    ).stdout
    go_back(fresh, back)
    assert "Staff sign-in" in serves(fresh)
    opens(fresh)

    fresh.run("apt-get remove --yes menjin-server menjin-gate")
    assert fresh.run("ls /var/lib/menjin-web/web.toml /etc/menjin/site.toml", check=False).returncode == 0
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb ./menjin-gate_0.3.0_amd64.deb")
    assert "Staff sign-in" in serves(fresh)
    opens(fresh)
    fresh.run("apt-get purge --yes menjin-server menjin-gate")
    # The passphrase stays with the backups, so its folder does.
    left = "find /etc /usr /var/lib /run -name '*menjin*' -not -path '*/systemd/*' -not -path /etc/menjin"
    assert [line for line in fresh.run(left).stdout.split() if "/dpkg/" not in line] == []
    assert fresh.run("ls /var/backups/menjin").stdout.count(".menjin\n") >= 2
    assert fresh.run("wc -c /etc/menjin/*").stdout == "30 /etc/menjin/backup_passphrase\n"


def test_a_server_from_a_repository_is_brought_to_the_next_version_at_night(
    fresh: Machine, tmp_path: Path
) -> None:
    makers = Makers(tmp_path / "gpg", fresh.root / "srv/apt", "file:/srv/apt")
    makers.key("makers")
    publish(fresh, makers, "0.3.0")
    shutil.copy(makers.repository / "menjin.sources", fresh.root / "root")
    fresh.run("apt-get install --yes ./menjin-gate_0.3.0_amd64.deb")
    for command in commands_of("server.md", only="### From a repository, with updates each night"):
        plays(fresh, command.replace("-setup", "-setup --own-authority"))
    assert "Staff sign-in" in serves(fresh)
    publish(fresh, makers, "0.4.0")
    fresh.run("apt-get update && unattended-upgrade --verbose")
    assert (version_of(fresh, "menjin-server"), version_of(fresh, "menjin-gate")) == ("0.4.0", "0.3.0")
    assert "Staff sign-in" in serves(fresh)
    assert "before-upgrade-of-" in fresh.run("ls /var/backups/menjin").stdout


def publish(fresh: Machine, makers: Makers, version: str) -> None:
    """Put a version's packages into the repository that the machine has as a folder."""
    makers.repository.mkdir(parents=True, exist_ok=True)
    for package in (fresh.root / "root").glob(f"menjin-*_{version}_amd64.deb"):
        shutil.copy(package, makers.repository)
    assert makers.write(at_seconds=int(time.time())) == ""


def refuses_settings_that_would_not_start(fresh: Machine) -> None:
    """An upgrade with settings by which the server could not start again stops nothing."""
    process = fresh.run("systemctl show -P MainPID menjin-web").stdout
    fresh.write("/etc/menjin/web.env", "export MENJIN_X=1\nMENJIN_PUBLIC_URL=gate.example.org\n")
    again = "apt-get install --yes --allow-downgrades ./menjin-server_0.3.0_amd64.deb"
    done = fresh.run(again, check=False)
    assert done.returncode != 0
    assert "/etc/menjin/web.env: line 1: 'export MENJIN_X' is no name: systemd ignores it" in done.stdout
    assert "Nothing was stopped." in done.stdout
    assert fresh.run("systemctl show -P MainPID menjin-web").stdout == process
    assert fresh.run("dpkg-query --show --showformat='${db:Status-Abbrev}' menjin-server").stdout == "ii "
    fresh.write("/etc/menjin/web.env", WEB_ENV)


def go_back(fresh: Machine, said: str) -> None:
    """Type the lines that the older package's installation printed."""
    lines = [line.strip() for line in said.splitlines() if line.startswith("  sudo ")]
    assert lines[-1].startswith("sudo menjin-server rollback /var/backups/menjin/before-upgrade-of-")
    assert "sudo systemctl start menjin-web" in said
    for line in [*lines[:-1], f"{lines[-1]} --yes", "sudo systemctl start menjin-web"]:
        fresh.run(line)


def gate_commands() -> list[str]:
    """The commands of the gate's page as this machine runs them: a PC, without a TPM and without a screen."""
    page = commands_of("raspberry_pi.md")
    commands = [each for each in page if not any(word in each for word in NOT_HERE)]
    return [
        each.replace("arm64", "amd64")
        .replace("--with-key=tpm2", "--with-key=host")
        .replace("devices.toml", "devices.toml --server-ca /etc/menjin/authority.pem --no-battery-clock")
        for each in commands
    ]


def test_a_server_is_set_up_on_debians_postgresql(fresh: Machine) -> None:
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb postgresql")
    plays(fresh, "sudo menjin-server-setup --postgresql --own-authority")
    assert "Staff sign-in" in serves(fresh)
    rows = fresh.run("sudo -u postgres psql -tAc 'SELECT name FROM site' menjin").stdout
    assert rows == "Willow Court\n"
    assert "password" not in fresh.run("cat /var/lib/menjin-web/web.toml").stdout
    fresh.run("apt-get install --yes ./menjin-server_0.4.0_amd64.deb")
    back = "apt-get install --yes --allow-downgrades ./menjin-server_0.3.0_amd64.deb"
    go_back(fresh, fresh.run(back).stdout)
    assert "Staff sign-in" in serves(fresh)
    databases = fresh.run("sudo -u postgres psql -tAc 'SELECT datname FROM pg_database'").stdout.split()
    assert len([name for name in databases if name.startswith("menjin_")]) == 1


def test_a_server_is_made_again_from_a_backup_as_the_page_says(fresh: Machine) -> None:
    """The machine of before is purged away; what is left of it are a backup and a passphrase."""
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb")
    plays(fresh, "sudo menjin-server-setup --own-authority")
    fresh.run("systemctl start menjin-backup")
    fresh.run("mv $(ls -t /var/backups/menjin/*.menjin | head -n 1) backup.menjin")
    fresh.run("cp /etc/menjin/backup_passphrase passphrase")
    fresh.run("apt-get purge --yes menjin-server; rm -rf /var/backups/menjin /etc/menjin")
    for command in commands_of("server.md", only="## 5. A new machine"):
        said = plays(fresh, command.replace("--restore", "--own-authority --restore"))
    assert ADDRESS in said, "a link for the manager"
    assert "Staff sign-in" in serves(fresh)
    assert "trusted_proxies = 1" in fresh.run("cat /var/lib/menjin-web/web.toml").stdout
    fresh.run("cmp /root/passphrase /etc/menjin/backup_passphrase")


def test_a_head_office_is_in_the_servers_package_and_off_until_someone_starts_it(fresh: Machine) -> None:
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb")
    state, home = "systemctl is-enabled menjin-head-office", "/var/lib/menjin-head-office"
    assert fresh.run(state, check=False).stdout == "disabled\n"
    assert "sudo menjin-head-office add" in fresh.run("menjin-head-office check").stdout
    fresh.run("echo a quiet gate above four offices > password")
    fresh.run(f"install -o menjin-head-office -m 600 password {home}/password")
    said = fresh.run(f"menjin-head-office account wang --password-file {home}/password").stdout
    assert "otpauth://" in said
    fresh.run(f"rm {home}/password; systemctl enable --now menjin-head-office")
    page = "curl --silent --fail --retry 20 --retry-all-errors http://127.0.0.1:8100/sign-in"
    assert "<form" in fresh.run(page).stdout
    process = "systemctl show --property MainPID menjin-head-office"
    before = fresh.run(process).stdout
    fresh.run("apt-get install --yes ./menjin-server_0.4.0_amd64.deb")
    assert "<form" in fresh.run(page).stdout
    assert fresh.run(process).stdout != before, "it runs the new version"
    assert fresh.run(f"stat -c '%U %a' {home}/head_office.db").stdout == "menjin-head-office 600\n"
    fresh.run("apt-get purge --yes menjin-server")
    left = f"ls -d {home} /etc/systemd/system/*/menjin-head-office.service 2>/dev/null"
    assert fresh.run(left, check=False).stdout == ""


def test_packages_over_a_checkout_upgrade_its_tables_and_run_themselves(fresh: Machine) -> None:
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb")
    plays(fresh, "sudo menjin-server-setup --own-authority")
    # What is left of a checkout's installation: data, a unit of its own, no package.
    unit = (ROOT / "deploy/menjin-web.service").read_text(encoding="utf-8")
    fresh.run("systemctl stop menjin-web; cp -a /var/lib/menjin-web kept; cp -a /etc/menjin kept-etc")
    fresh.run("apt-get purge --yes menjin-server; mv kept /var/lib/menjin-web")
    fresh.run("rm -rf /etc/menjin; mkdir /etc/menjin; cp -a kept-etc/authority.pem /etc/menjin")
    fresh.write("/etc/systemd/system/menjin-web.service", unit)
    fresh.run("ln -s ../menjin-web.service /etc/systemd/system/multi-user.target.wants/")
    said = fresh.run("apt-get install --yes ./menjin-server_0.4.0_amd64.deb").stdout
    assert "menjin-web.service was of a checkout" in said
    assert "Next: sudo menjin-server-setup, which upgrades and starts it" in said
    plays(fresh, "sudo menjin-server-setup --own-authority")
    assert "Staff sign-in" in serves(fresh)
    assert fresh.run("ls /var/backups/menjin").stdout.startswith("before-upgrade-of-")


def test_a_gate_without_face_takes_the_place_of_one_with(fresh: Machine) -> None:
    fresh.run("apt-get install --yes ./menjin-gate_0.3.0_amd64.deb")
    fresh.run("apt-get install --yes ./menjin-gate-without-face_0.3.0_amd64.deb")
    face = "-name '*.onnx' -o -path '*/gate_controller/face' -o -name cv2"
    found = fresh.run(f"find /usr /opt /var/lib {face}")
    assert found.stdout == ""
    assert fresh.run("menjin-gate ready 2>&1", check=False).stdout.startswith("menjin-gate: ")
    shown = "dpkg-query --show --showformat='${db:Status-Status}' menjin-gate"
    assert fresh.run(shown).stdout == "config-files"
    fresh.run("install -D /dev/null /etc/menjin/site.toml && apt-get purge --yes menjin-gate")
    fresh.run("test -e /etc/menjin/site.toml && test -d /var/lib/menjin-gate")
