"""Many compounds on a fresh Debian 13: set-up, the next version beside and over it, backups, purge."""

import pytest

from tests.debian import machine
from tests.debian.client import Client
from tests.debian.machine import Machine
from tests.debian.secrets_of_a_server import PASSPHRASE, PASSWORD, STORED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(machine.cannot()), reason=machine.cannot() or "it can"),
]
CELLS, NEXT = "/var/lib/menjin-web/cells", "/var/lib/menjin-web/cells-next"
CREATE = (
    f"menjin-server cells create {CELLS}/%s --name %s --public-url https://%s.example --language en"
    " --timezone Asia/Shanghai --security-contact mailto:security@example.org"
    " --manager-email manager@example.org --manager-password-file /run/words/password"
    " --root-passphrase-file /run/words/passphrase --root-key /var/lib/menjin-web/%s_root_key.pem"
)
BESIDE = "/opt/menjin-next/usr/lib/menjin-server/bin/menjin"


def asks(cell: str, port: int = 8000) -> str:
    """What asks a cell's own host, straight at a server."""
    return f"--header 'Host: {cell}.example' http://127.0.0.1:{port}/healthz"


def answers(fresh: Machine, words: str) -> str:
    # A server looks every two seconds which cells it has; until then it answers 421.
    return fresh.run(
        f"curl --silent --fail --retry 20 --retry-all-errors --output /dev/null"
        f" --write-out '%{{http_code}}' {words}"
    ).stdout


def has_a_server_of_cells(fresh: Machine) -> None:
    fresh.run("mkdir -m 755 /run/words")
    for name, word in (("password", PASSWORD), ("passphrase", PASSPHRASE)):
        fresh.run(f"echo '{word}' > /run/words/{name}")
    fresh.run("apt-get install --yes ./menjin-server_0.3.0_amd64.deb")
    said = fresh.run("menjin-server-setup --cells --own-authority").stdout
    create, again = [line.strip() for line in said.splitlines() if line.startswith("  sudo ")]
    assert create.startswith("sudo menjin-server cells create")
    for name in ("elm", "willow"):
        fresh.run(CREATE.replace("%s", name))
    assert "with 2 compounds" in fresh.run(again).stdout
    through = "--cacert /etc/menjin/authority.pem --connect-to ::127.0.0.1:443"
    for name in ("elm", "willow"):
        assert answers(fresh, f"{through} https://{name}.example/livez") == "200"


def test_cells_go_over_in_waves_and_are_upgraded_backed_up_and_removed_by_the_package(fresh: Machine) -> None:
    has_a_server_of_cells(fresh)

    # One of them goes over to the next version beside, and is served there.
    fresh.run("menjin-server-beside ./menjin-server_0.4.0_amd64.deb")
    fresh.run(
        f"runuser -u menjin-web -- {BESIDE} web cells upgrade {CELLS}/willow --into {NEXT}"
        " --passphrase-file /etc/menjin/backup_passphrase"
    )
    assert [answers(fresh, asks(*where)) for where in (("willow", 8001), ("elm", 8000))] == ["200", "200"]
    assert fresh.run("menjin-server-beside --end", check=False).returncode == 2, "a cell is there"

    # The rest is upgraded by the package, and no one who asks notices.
    assert fresh.run(STORED).stdout == "1\n"
    client = Client(fresh, "elm", asks("elm"))
    fresh.run("apt-get install --yes ./menjin-server_0.4.0_amd64.deb")
    assert (client.failures(), fresh.run(STORED).stdout) == ([], "1\n")
    assert fresh.run("ls /var/backups/menjin/elm").stdout.startswith("before-upgrade-of-")
    fresh.run(f"menjin-server cells upgrade {NEXT}/willow --into {CELLS} && menjin-server-beside --end")
    assert [answers(fresh, asks(name)) for name in ("willow", "elm")] == ["200", "200"]
    assert fresh.run(f"menjin-server cells check {CELLS}").stdout == "2 cells, none is out.\n"

    # A backup of each, by the unit that the timer starts.
    fresh.run("systemctl start menjin-backup")
    for name in ("elm", "willow"):
        assert "Z.menjin" in fresh.run(f"ls /var/backups/menjin/{name} | grep ^2").stdout

    # A version back: each cell is out, with the lines that take it back, and no second server is advised.
    said = fresh.run("apt-get install --yes --allow-downgrades ./menjin-server_0.3.0_amd64.deb").stdout
    assert "menjin-server-setup" not in said
    for name in ("elm", "willow"):
        lines = [line.strip() for line in said.splitlines() if f"{CELLS}/{name}" in line and "sudo" in line]
        assert [line.split()[2] for line in lines[:3]] == ["cells", "rollback", "cells"], said
        for line in (lines[0], f"{lines[1]} --yes", lines[2]):
            fresh.run(line)
    assert [answers(fresh, asks(name)) for name in ("willow", "elm")] == ["200", "200"]

    fresh.run("apt-get purge --yes menjin-server")
    places, but = "/etc /usr /var/lib /run /opt", "-not -path '*/systemd/*' -not -path /etc/menjin"
    left = f"find {places} -name '*menjin*' {but}"
    assert [line for line in fresh.run(left).stdout.split() if "/dpkg/" not in line] == []
    assert fresh.run("find /etc/systemd -name '*menjin*' -o -name cells.conf").stdout == ""
