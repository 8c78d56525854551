"""`menjin web` as an operator meets it: real processes, real sockets, real files."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.small_disk import FILLER, fill, make_room, small_disk
from tests.web_admin.every_page.web_command import ROOT, TIME_LIMIT_SECONDS, init, menjin
from web_admin.cli.main import run

DRIVERS = ("serial", "cv2", "numpy", "zxingcpp", "hardware")


PLACE = ("init", "--language", "en", "--timezone", "Asia/Shanghai")

PHONE_OF_EVERY_MANAGER = """
INSERT INTO push_phone (
  phone_id, site_id, account_id, service, endpoint_sha256, subscription_sealed, kinds, created_at
)
SELECT 'phone', site_id, account.id, 'push.example.org', x'00', x'00', '[]', '2026-01-01' FROM account, site
"""


@pytest.fixture
def word(tmp_path):
    path = tmp_path / "word"
    path.write_text("a long passphrase\n", encoding="utf-8")
    return path


@pytest.mark.wide
def test_help_names_every_command():
    done = menjin("--help")
    assert done.returncode == 0
    assert [
        w for w in ("init", "run", "upgrade", "backup", "restore", "web.toml") if w not in done.stdout
    ] == []


@pytest.mark.wide
def test_init_makes_a_private_server_and_an_encrypted_root_key(tmp_path, word):
    done = init(tmp_path, word)
    assert done.returncode == 0, done.stderr
    assert f"Move {tmp_path}/root.pem" in done.stdout
    modes = {
        p.name: stat.S_IMODE(p.stat().st_mode) for p in [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    }
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    pem = (tmp_path / "root.pem").read_bytes()
    load_pem_private_key(pem, b"a long passphrase")
    with pytest.raises(TypeError):
        load_pem_private_key(pem, None)


@pytest.mark.wide
def test_a_second_init_changes_nothing(tmp_path, word):
    assert init(tmp_path, word).returncode == 0
    before = (tmp_path / "data/secrets/seal.key").read_bytes()
    (tmp_path / "root.pem").unlink()
    done = init(tmp_path, word)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is a server here already" in done.stderr
    assert (tmp_path / "data/secrets/seal.key").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init"], "--language is missing"),
        (["init", "--language", "en"], "--timezone is missing"),
        ([*PLACE, "--name", "x"], "--public-url is missing"),
        (["init", "--language", "en", "--timezone", "Mars/Base"], "legal are IANA names"),
        (["run"], "seal.key is missing"),
        (["backup", "file"], "seal.key is missing"),
        (["restore"], "say which backup FILE"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path, capsys, arguments, said):
    assert run([*arguments, "--data-dir", str(tmp_path / "data")]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line


def test_an_address_in_the_clear_is_refused_by_init_before_any_question(tmp_path, capsys):
    data = tmp_path / "data"
    place = ["--language", "en", "--timezone", "Asia/Shanghai", "--name", "x"]
    assert run(["init", "--data-dir", str(data), *place, "--public-url", "http://10.0.0.5"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "http://10.0.0.5 is not encrypted; legal is https://" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.wide
def test_a_server_with_an_address_in_the_clear_does_not_run(tmp_path, word):
    assert init(tmp_path, word).returncode == 0
    done = menjin("run", "--data-dir", tmp_path / "data", MENJIN_PUBLIC_URL="http://gate.example.org")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "environment: MENJIN_PUBLIC_URL: http://gate.example.org is not encrypted" in done.stderr


@pytest.mark.wide
def test_backup_and_restore_from_the_command_line(tmp_path, word):
    init(tmp_path, word)
    seal = {"MENJIN_BACKUP_PASSPHRASE_FILE": str(word)}
    done = menjin("backup", "--data-dir", tmp_path / "data", tmp_path / "backup", **seal)
    assert done.returncode == 0, done.stderr
    (tmp_path / "folder").mkdir()
    assert menjin("backup", "--data-dir", tmp_path / "data", tmp_path / "folder", **seal).returncode == 0
    assert len(list((tmp_path / "folder").glob("*Z.menjin"))) == 1
    done = menjin(
        "restore",
        "--data-dir",
        tmp_path / "new",
        "--public-url",
        "http://127.0.0.1:8001",
        tmp_path / "backup",
        **seal,
    )
    assert done.returncode == 0, done.stderr
    assert "Faces did not" in done.stdout
    assert (tmp_path / "new/secrets/seal.key").read_bytes() == (
        tmp_path / "data/secrets/seal.key"
    ).read_bytes()
    assert (tmp_path / "new/secrets/face.key").read_bytes() != (
        tmp_path / "data/secrets/face.key"
    ).read_bytes()
    assert "as before" in menjin("upgrade", "--data-dir", tmp_path / "new").stdout


@pytest.mark.wide
def test_a_restore_with_a_wrong_passphrase_leaves_nothing_behind(tmp_path, word):
    init(tmp_path, word)
    menjin("backup", "--data-dir", tmp_path / "data", "--passphrase-file", word, tmp_path / "backup")
    word.write_text("another passphrase\n", encoding="utf-8")
    done = menjin("restore", "--data-dir", tmp_path / "new", "--passphrase-file", word, tmp_path / "backup")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "wrong passphrase" in done.stderr
    assert not (tmp_path / "new/web.toml").exists()


@pytest.mark.wide
def test_a_restore_that_fails_half_way_leaves_nothing_behind(tmp_path, word):
    init(tmp_path, word)
    seal = ["--passphrase-file", word]
    menjin("backup", "--data-dir", tmp_path / "data", *seal, tmp_path / "backup")
    whole = (tmp_path / "backup").read_bytes()
    (tmp_path / "backup").write_bytes(whole[: len(whole) - 40])
    done = menjin(
        "restore",
        "--data-dir",
        tmp_path / "new",
        "--public-url",
        "http://127.0.0.1:8001",
        *seal,
        tmp_path / "backup",
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.wide
def test_a_full_disk_is_named_by_the_file_that_found_no_room(tmp_path, word):
    init(tmp_path, word)
    seal = ["--passphrase-file", word]
    menjin("backup", "--data-dir", tmp_path / "data", *seal, tmp_path / "backup")
    with small_disk(tmp_path / "small", 1) as disk:
        fill(disk)
        done = menjin("backup", "--data-dir", tmp_path / "data", *seal, disk / "backup")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert f"{disk / 'backup'}: No space left on device" in done.stderr
        make_room(disk)
        (disk / FILLER).write_bytes(bytes(700_000))
        done = menjin(
            "restore",
            "--data-dir",
            disk / "new",
            "--public-url",
            "http://127.0.0.1:8001",
            *seal,
            tmp_path / "backup",
        )
        assert done.returncode == 1, done.stderr
        assert f"{disk / 'new'}" in done.stderr.splitlines()[-1]
        assert "full" in done.stderr or "No space left" in done.stderr
        assert list((disk / "new").iterdir()) == []


@pytest.mark.wide
def test_the_server_runs_without_any_driver_serves_and_ends_on_sigterm(tmp_path, word):
    assert init(tmp_path, word).returncode == 0
    blocker = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in DRIVERS)
    (tmp_path / "sitecustomize.py").write_text(blocker, encoding="utf-8")
    readable, writable = os.pipe()
    options = ["--data-dir", str(tmp_path / "data"), "--port", "0", "--ready-fd", str(writable)]
    command = [sys.executable, "-m", "menjin", "web", "run", *options]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        pass_fds=[writable],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    os.close(writable)
    try:
        with os.fdopen(readable) as ready:
            address = ready.readline().strip()
        assert address.startswith("http://127.0.0.1:"), server.stderr.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/sync/v1/ask", data=b"{}", timeout=20)  # noqa: S310 - our own server
        assert refused.value.code == 401
        assert b"counter_unreadable" in refused.value.read()
        with urllib.request.urlopen(address, timeout=20) as page:  # noqa: S310 - our own server
            assert page.status == 200
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=TIME_LIMIT_SECONDS)
        assert server.returncode == 0, err
        assert f"ready at {address}" in out
    finally:
        server.kill()
        server.communicate()


@pytest.mark.wide
def test_the_only_manager_who_lost_the_phone_begins_again_by_a_link_from_the_server(tmp_path, word):
    assert init(tmp_path, word).returncode == 0
    with closing(sqlite3.connect(next((tmp_path / "data").glob("*.sqlite3")))) as phones, phones:
        phones.execute(PHONE_OF_EVERY_MANAGER)
    done = menjin("staff-link", "Manager@example.org", "--data-dir", tmp_path / "data")
    assert done.stdout.startswith("http://127.0.0.1:8000/staff/join?code="), done.stderr
    with closing(sqlite3.connect(next((tmp_path / "data").glob("*.sqlite3")))) as phones:
        assert phones.execute("SELECT count(*) FROM push_phone").fetchone() == (0,)
    unknown = menjin("staff-link", "nobody@example.org", "--data-dir", tmp_path / "data")
    assert (unknown.returncode, "no member of staff" in unknown.stderr) == (2, True)
