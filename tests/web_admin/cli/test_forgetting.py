"""The commands about forgetting as an operator meets them: real processes on a server made by `init`."""

import shutil

import msgspec
import pytest

from tests.support.small_disk import fill, small_disk
from tests.web_admin.every_page.web_command import init, menjin
from web_admin.cli.answers import SHORTEST_PASSPHRASE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A server with its secrets, and the word that opens everything."""
    folder = tmp_path_factory.mktemp("server")
    word = folder / "word"
    word.write_text("a long passphrase\n", encoding="utf-8")
    assert len("a long passphrase") >= SHORTEST_PASSPHRASE
    done = init(folder, word)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def server(made, tmp_path):
    return shutil.copytree(made, tmp_path / "server")


def web(server, command, *arguments):
    return menjin(command, "--data-dir", server / "data", *arguments)


def test_help_names_every_command_about_forgetting():
    said = menjin("--help").stdout
    for command in (
        "rotate-keys",
        "breach-drill",
        "hand-over",
        "housekeeping",
        "audit-verify",
        "export-ledger",
    ):
        assert f"menjin web {command}" in said


@pytest.mark.wide
def test_rotate_keys_changes_the_wrapping_key_and_leaves_the_server_able_to_start(server):
    before = (server / "data/secrets/face.key").read_bytes()
    done = web(server, "rotate-keys")
    assert done.returncode == 0, done.stderr
    assert "1 old keys destroyed" in done.stdout
    assert (server / "data/secrets/face.key").read_bytes() != before
    checked = web(server, "audit-verify")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith("ok: ")


@pytest.mark.wide
def test_working_keys_change_only_with_the_root_key_and_its_passphrase(server):
    refused = web(server, "rotate-keys", "--working")
    assert (refused.returncode, "--root-key" in refused.stderr) == (2, True)
    other = server / "other"
    other.write_text("another passphrase\n", encoding="utf-8")
    refused = web(
        server, "rotate-keys", "--working", "--root-key", server / "root.pem", "--root-passphrase-file", other
    )
    assert (refused.returncode, "passphrase" in refused.stderr) == (2, True)
    done = web(
        server,
        "rotate-keys",
        "--working",
        "--root-key",
        server / "root.pem",
        "--root-passphrase-file",
        server / "word",
    )
    assert done.returncode == 0, done.stderr
    assert "Keys for policies, passes, orders and anchors changed" in done.stdout


@pytest.mark.wide
def test_a_drill_prints_its_signed_record_and_for_real_its_report(server):
    done = web(server, "breach-drill", "--wait-seconds", "1", "--json")
    assert done.returncode == 0, done.stderr
    record = msgspec.json.decode(msgspec.json.decode(done.stdout)["record"])
    assert (record["for_real"], record["ok"], record["within_deadline"]) == (False, True, True)
    done = web(server, "breach-drill", "--wait-seconds", "1", "--for-real", "--language", "zh")
    assert done.returncode == 0, done.stderr
    assert "实际处置" in done.stdout


@pytest.mark.wide
def test_the_exported_ledger_is_checked_by_another_program(server):
    done = web(server, "export-ledger", server / "ledger.jsonl")
    assert done.returncode == 0, done.stderr
    assert web(server, "export-ledger", server / "ledger.jsonl").returncode == 1, "no file is replaced"


@pytest.mark.wide
def test_a_ledger_that_finds_no_room_is_named(server, tmp_path):
    with small_disk(tmp_path / "small", 1) as disk:
        fill(disk)
        done = web(server, "export-ledger", disk / "ledger.jsonl")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert f"{disk / 'ledger.jsonl'}: No space left on device" in done.stderr


@pytest.mark.wide
def test_a_hand_over_needs_a_name_and_writes_a_sealed_file_once(server):
    assert web(server, "hand-over", server / "out.bak").returncode == 2
    arguments = (
        server / "out.bak",
        "--to",
        "Elm Property",
        "--contact",
        "021-5555 0200",
        "--passphrase-file",
        server / "word",
    )
    done = web(server, "hand-over", *arguments)
    assert done.returncode == 0, done.stderr
    assert "no face and no share among them" in done.stdout
    assert (server / "out.bak").read_bytes().startswith(b"MENJIN-BACKUP-1\n")
    assert "nothing was changed" in web(server, "hand-over", *arguments).stderr


@pytest.mark.wide
def test_certificates_are_listed_and_an_unknown_consent_is_refused(server):
    done = web(server, "certificate")
    assert (done.returncode, done.stdout) == (0, "")
    refused = web(server, "certificate", "nothing")
    assert (refused.returncode, "no ending of consent 'nothing'" in refused.stderr) == (2, True)


@pytest.mark.wide
def test_housekeeping_counts_before_it_does(server):
    done = web(server, "housekeeping", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert set(msgspec.json.decode(done.stdout).values()) == {0}
    done = web(server, "housekeeping", "--json")
    assert -1 not in msgspec.json.decode(done.stdout).values()
