"""A cell in an archive: nowhere served twice, whole or refused, gone on with or taken back at each step."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from tests.support.compounds.filled_once import migrated_once
from web_admin.cells import transfer_archive
from web_admin.cells.folders import MOVING
from web_admin.cells.holds import HELD
from web_admin.cells.moved_files import note_in
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.serving_lock import ServingLock
from web_admin.core.config import SECRET_NAMES, write_secret, write_settings
from web_admin.core.database import make_engine
from web_admin.operations import schema


def quiet(_text: str) -> None:
    """Say nothing."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the folder of a compound with tables, keys and a large file."""
    cell = tmp_path / "one" / "willow"
    (cell / "secrets").mkdir(parents=True)
    for name in SECRET_NAMES:
        write_secret(cell / "secrets", name)
    database = cell / "menjin.sqlite3"
    write_settings(
        cell / "web.toml", {"public_url": "https://willow.example", "database_url": f"sqlite:///{database}"}
    )
    engine = make_engine(f"sqlite:///{database}")
    migrated_once(engine)
    engine.dispose()
    (cell / "large").write_bytes(bytes(range(256)) * 9000)
    (cell / "empty").touch()
    return cell


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where it goes."""
    (tmp_path / "two").mkdir()
    return tmp_path / "two" / "willow"


def files(cell: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(cell)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in cell.rglob("*")
        if path.is_file() and path.name not in {MOVING, "serving.lock"}
    }


def sent(source: Path, target: Path) -> tuple[Path, str]:
    """Pack for the target and unpack there; return the archive and its digest."""
    file = target.parent / "archive"
    digest = transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    assert transfer_archive.unpack(target, file) == digest
    return file, digest


@pytest.mark.wide
def test_a_cell_arrives_whole_and_nothing_of_it_stays(source: Path, target: Path) -> None:
    before = files(source)
    seal_key = (source / "secrets" / "seal.key").read_bytes()
    file, digest = sent(source, target)
    assert seal_key not in file.read_bytes()
    for cell in (source, target):
        assert (cell / MOVING).exists(), "neither is served"
    receipt = transfer_archive.leave(source, digest, quiet)
    assert not source.exists()
    transfer_archive.arrive(target, receipt)
    assert not (target / MOVING).exists()
    there = files(target)
    assert str(target) in there["web.toml"][0].decode()
    assert {**before, "web.toml": 0} == {**there, "web.toml": 0}
    assert sorted(path.name for path in target.parent.iterdir()) == ["archive", "willow"]


def test_each_step_may_be_done_again(source: Path, target: Path) -> None:
    file = target.parent / "archive"
    assert transfer_archive.expect(target) == transfer_archive.expect(target)
    transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MoveRefused, match="changed or cut off: pack it again"):
        transfer_archive.unpack(target, file)
    digest = transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    assert transfer_archive.unpack(target, file) == transfer_archive.unpack(target, file) == digest
    assert transfer_archive.expect(target) == ("", digest)
    receipt = transfer_archive.leave(source, digest, quiet)
    assert transfer_archive.leave(source, digest, quiet) == receipt
    transfer_archive.arrive(target, receipt)
    transfer_archive.arrive(target, receipt)
    assert note_in(target) is None


def test_a_copy_is_served_only_with_the_receipt_of_its_original(source: Path, target: Path) -> None:
    _file, digest = sent(source, target)
    own = json.loads((source / MOVING).read_text())["receipt"]
    for guess in ("", digest, json.loads((target / MOVING).read_text())["receipt"]):
        with pytest.raises(MoveRefused, match="no receipt of its original, which may still be served"):
            transfer_archive.arrive(target, guess)
    assert own not in (target / MOVING).read_text()
    transfer_archive.arrive(target, "", is_original_lost=True)
    assert note_in(target) is None


def test_the_original_leaves_only_for_a_copy_of_what_was_packed(source: Path, target: Path) -> None:
    sent(source, target)
    with pytest.raises(MoveRefused, match="was not packed as 0000"):
        transfer_archive.leave(source, "0" * 64, quiet)
    assert (source / "web.toml").exists()


def test_until_it_has_left_all_can_be_taken_back(source: Path, target: Path) -> None:
    before = files(source)
    (source / HELD).touch()
    sent(source, target)
    transfer_archive.can_stay(source)
    transfer_archive.abandon(target)
    transfer_archive.abandon(target)
    transfer_archive.stay(source, quiet)
    (source / HELD).unlink()
    assert (files(source), note_in(source)) == (before, None)
    assert [path.name for path in target.parent.iterdir()] == ["archive"]
    _file, digest = sent(source, target)
    transfer_archive.arrive(target, transfer_archive.leave(source, digest, quiet))
    with pytest.raises(MoveRefused, match="has left, and only its copy can go on"):
        transfer_archive.stay(source, quiet)
    with pytest.raises(MoveRefused, match="has arrived, or was never on its way"):
        transfer_archive.abandon(target)
    assert (target / "web.toml").exists()


def test_a_removal_that_was_cut_off_goes_on_and_cannot_be_taken_back(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file, digest = sent(source, target)

    def power_cut(_folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(transfer_archive, "destroy", power_cut)
        with pytest.raises(KeyboardInterrupt):
            transfer_archive.leave(source, digest, quiet)
    for refused in (lambda: transfer_archive.stay(source, quiet), lambda: transfer_archive.can_stay(source)):
        with pytest.raises(MoveRefused, match="is being removed, since its copy is whole"):
            refused()
    with pytest.raises(MoveRefused, match="is being removed"):
        transfer_archive.pack(source, "00", target.parent / "again", quiet)
    transfer_archive.arrive(target, transfer_archive.leave(source, digest, quiet))
    assert not source.exists()


def test_what_is_not_packed_for_here_is_refused(source: Path, target: Path, tmp_path: Path) -> None:
    other = tmp_path / "three" / "willow"
    other.parent.mkdir()
    transfer_archive.pack(source, transfer_archive.expect(other)[0], tmp_path / "archive", quiet)
    transfer_archive.expect(target)
    with pytest.raises(MoveRefused, match="packed for another key"):
        transfer_archive.unpack(target, tmp_path / "archive")
    (tmp_path / "none").write_bytes(b"PK")
    with pytest.raises(MoveRefused, match="is no transfer archive"):
        transfer_archive.unpack(target, tmp_path / "none")
    assert not target.exists()


def test_a_cell_of_another_version_is_refused_with_a_sentence(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = target.parent / "archive"
    with pytest.raises(MoveRefused, match=r"takes 9999; upgrade it where it is, .*; nothing was changed"):
        transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet, revision="9999")
    assert note_in(source) is None, "it is served as before"
    transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    monkeypatch.setattr(transfer_archive, "newest_revision", lambda: "9999")
    with pytest.raises(MoveRefused, match=r"tables are of revision \d+, and the program there takes 9999"):
        transfer_archive.unpack(target, file)
    assert not target.exists()


def test_a_cell_that_is_served_is_not_packed(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_archive, "LEAVES_WITHIN_SECONDS", 0.0)
    lock = ServingLock(source, alone=True)
    lock.take(0.0)
    with pytest.raises(MoveRefused, match="serves it or works on it"):
        transfer_archive.pack(source, transfer_archive.expect(target)[0], target.parent / "archive", quiet)
    lock.give_back()
    assert not (target.parent / "archive").exists()


def test_a_file_that_changed_while_it_was_packed_is_refused(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = target.parent / "archive"
    with monkeypatch.context() as before:
        before.setattr(transfer_archive, "digest_of", lambda _path: bytes(32))
        transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    with pytest.raises(MoveRefused, match="came otherwise than it was packed: pack it again"):
        transfer_archive.unpack(target, file)
    assert not target.exists()


def packed_as(source: Path, target: Path, **changed: object) -> Path:
    """Pack as a hostile machine does, which says of its first file what it likes."""
    file = target.parent / "archive"
    transfer_archive.pack(source, transfer_archive.expect(target)[0], file, quiet)
    note = note_in(source)
    assert note is not None
    one = transfer_archive.PackedFile("tool", 0o644, 4, hashlib.sha256(b"tool").digest())
    manifest = transfer_archive.Manifest(
        str(source), schema.newest_revision(), [msgspec.structs.replace(one, **changed)], "mark"
    )
    transfer_archive._write_archive(
        file, transfer_archive.expect(target)[0], iter([msgspec.msgpack.encode(manifest), b"tool"])
    )
    return file


HOSTILE: tuple[dict[str, object], ...] = (
    {"mode": 0o4755},
    {"mode": 0o2755},
    {"mode": 0o1644},
    {"mode": 0o666},
    {"mode": 0o120644},
    {"mode": -1},
    {"size": -1},
    {"size": 1 << 60},
    {"path": "/etc/cron.d/x"},
    {"path": "secrets/../../x"},
    {"path": ""},
    {"path": "."},
    {"path": "a\0b"},
    {"size": 3},
    {"size": 5},
)


@pytest.mark.wide
def test_an_archive_of_a_hostile_machine_leaves_nothing(source: Path, target: Path) -> None:
    """Rights, sizes and places that no file of a cell has."""
    for changed in HOSTILE:
        file = packed_as(source, target, **changed)
        with pytest.raises(MoveRefused):
            transfer_archive.unpack(target, file)
        assert not target.exists(), changed
        laid = [path for path in target.parent.rglob("*") if path.is_file()]
        assert [path for path in laid if path.stat().st_mode & 0o7002] == [], changed
        assert {path.name for path in laid if path.parent.name != "willow"} == {
            "archive",
            transfer_archive.EXPECTS_KEY,
        }, changed


@pytest.mark.wide
def test_an_archive_that_unpacks_to_a_thousand_times_its_size_fills_no_disk(
    source: Path, target: Path
) -> None:
    """300 MiB of zeros in 0.4 MB: honestly declared, and refused before they are all on the disk."""
    mib, count = bytes(1 << 20), 300
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(mib)
    file = packed_as(source, target)
    one = transfer_archive.PackedFile("large", 0o600, count << 20, digest.digest())
    manifest = transfer_archive.Manifest(str(source), schema.newest_revision(), [one], "mark")
    frames = iter([msgspec.msgpack.encode(manifest), *[mib] * count])
    transfer_archive._write_archive(file, transfer_archive.expect(target)[0], frames)
    assert file.stat().st_size < 1 << 19
    with pytest.raises(MoveRefused):
        transfer_archive.unpack(target, file)
    laid = sum(path.stat().st_size for path in target.parent.rglob("large"))
    assert laid <= (64 << 20) + 100 * file.stat().st_size


def test_rights_of_everyone_to_write_stay_behind(source: Path, target: Path) -> None:
    (source / "large").chmod(0o666)
    sent(source, target)
    assert (target / "large").stat().st_mode & 0o7777 == 0o664
