"""A service's user lays links into its folder, for real and as that user; root's set-up follows none."""

import io
import json
import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gate_controller.command_line import handed_files
from gate_controller.updates import first_boot
from tests.debian.setup_commands import loaded

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="another user's links need root: sudo")
OTHER = pwd.getpwnam("nobody")
"""Plays the service's user."""
SECRET = "root:$y$secret:20000:0\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that others may pass; what the service's user is called is this machine's other user."""
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: OTHER)
    monkeypatch.setattr("grp.getgrnam", lambda _name: (None, None, OTHER.pw_gid))
    return tmp_path


@pytest.fixture
def shadow(machine: Path) -> Path:
    """What is root's alone."""
    file = machine / "shadow"
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


def is_roots_as_before(shadow: Path) -> bool:
    found = shadow.stat()
    return (found.st_uid, stat.S_IMODE(found.st_mode), shadow.read_text()) == (0, 0o600, SECRET)


def users_folder(path: Path) -> Path:
    path.mkdir()
    os.chown(path, OTHER.pw_uid, OTHER.pw_gid)
    return path


def as_user(*words: str) -> str:
    return subprocess.run(
        words,
        user=OTHER.pw_uid,
        group=OTHER.pw_gid,
        extra_groups=[],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_link_in_the_gates_folder_gets_no_code_and_no_owner(
    machine: Path, shadow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, read = loaded("gate_setup"), []
    home = users_folder(machine / "home")
    (machine / "run").mkdir()
    (machine / "code").write_text("4711-4711\n")
    (machine / "code").chmod(0o600)
    as_user("ln", "-s", str(shadow), str(home / "pairing_code"))
    monkeypatch.setattr(gate, "HOME", home)
    monkeypatch.setattr(gate, "RUN", machine / "run", raising=False)
    monkeypatch.setattr(gate, "run", lambda *words: read.append(as_user("cat", words[-1])))
    gate.pair(machine / "code")
    assert is_roots_as_before(shadow), f"now {shadow.stat().st_uid}'s: {shadow.read_text()!r}"
    assert (read, list((machine / "run").iterdir())) == (["4711-4711\n"], [])


def booted(machine: Path, monkeypatch: pytest.MonkeyPatch) -> first_boot.Boot:
    """A first boot as on a machine, in a folder; units and devices are left out, and so are the wheels."""
    given = machine / "given"
    (given / "files").mkdir(parents=True)
    (given / "wheels").mkdir()
    said = {"version": "0.2.0", "code": "4711", "server_url": "https://a.example.org"}
    (given / "gate.json").write_text(json.dumps(said))
    (given / "root.json").write_text("{}")
    for name in (*first_boot.UNITS, "menjin-gate-launched.conf", "60-menjin.rules"):
        (given / "files" / name).touch()
    boot = first_boot.Boot(given, None)

    def place(path: str) -> Path:
        placed = machine / "root" / path.lstrip("/")
        placed.parent.mkdir(parents=True, exist_ok=True)
        return placed

    monkeypatch.setattr(boot, "place", place)
    monkeypatch.setattr(first_boot, "switch_swap_off", lambda _root: None)
    monkeypatch.setattr(first_boot.subprocess, "run", lambda *_words, **_more: None)
    return boot


def test_a_link_among_a_gates_versions_gets_no_owner_at_the_next_first_boot(
    machine: Path, shadow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = machine / "root/opt/menjin/versions"
    versions.parent.mkdir(parents=True)
    users_folder(versions)
    as_user("sh", "-c", f"echo '{{}}' > {versions}/state.json; ln -s {shadow} {versions}/0.1.0")
    booted(machine, monkeypatch).run()
    assert is_roots_as_before(shadow), f"it is {shadow.stat().st_uid}'s now"


def test_a_link_in_place_of_a_gates_state_is_not_written_through(
    machine: Path, shadow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = machine / "root/opt/menjin/versions"
    versions.parent.mkdir(parents=True)
    users_folder(versions)
    as_user("ln", "-s", str(shadow), str(versions / ".state.json"))
    boot = booted(machine, monkeypatch)
    launcher = "0.2.0/lib/gate_controller/updates/launcher.py"

    def unpacked(place: Path) -> None:
        (place.parent / launcher).parent.mkdir(parents=True)
        (place.parent / launcher).touch()

    monkeypatch.setattr(boot, "_unpack", unpacked)
    boot.run()
    assert is_roots_as_before(shadow), shadow.read_text()
    assert json.loads((versions / "state.json").read_text())["version"] == "0.2.0"
    owners = {path.lstat().st_uid for path in (versions, *versions.rglob("*"))}
    assert owners == {OTHER.pw_uid}


def test_links_in_a_tree_that_is_given_away_stay_what_they_are(machine: Path, shadow: Path) -> None:
    tree = machine / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner/link").symlink_to(shadow)
    first_boot.give_to_user(tree)
    assert is_roots_as_before(shadow)
    assert (tree / "inner/link").lstat().st_uid == OTHER.pw_uid


@pytest.mark.parametrize("kind", ["-s", ""], ids=["link", "second name"])
def test_the_servers_settings_are_not_added_to_through_a_link(
    machine: Path, shadow: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server: Any = loaded("server_setup")
    home = users_folder(machine / "home")
    # Where the kernel protects no hard links, the user could make the second name itself.
    subprocess.run(["ln", *kind.split(), str(shadow), str(home / "web.toml")], check=True)
    shadow.write_text('public_url = "http://127.0.0.1"')
    monkeypatch.setattr(server, "SETTINGS", home / "web.toml")
    with pytest.raises(OSError, match=r"web\.toml"):
        server.name_in_settings("backup_dir", server.BACKUPS)
    assert shadow.read_text() == 'public_url = "http://127.0.0.1"'


def test_what_is_lent_is_the_users_and_lies_in_roots_folder(machine: Path) -> None:
    with handed_files.between(machine) as folder:
        copy = handed_files.lend(io.BytesIO(b"lent"), folder / "copy", "menjin")
        assert as_user("cat", str(copy)) == "lent"
        with pytest.raises(subprocess.CalledProcessError):
            as_user("mv", str(copy), str(folder / "moved"))
        with pytest.raises(FileExistsError):
            handed_files.lend(io.BytesIO(b"again"), copy, "menjin")
    assert not folder.exists()
