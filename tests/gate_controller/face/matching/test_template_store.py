"""A sealed template opens with its own share, gate, person, consent and engine, and with nothing else."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_controller.face.engines.errors import BadFaceSetting, TemplateNotOpened
from gate_controller.face.matching.template_store import (
    FaceBlob,
    SqliteFaceBlobs,
    TemplatePlace,
    open_face_file,
    open_template,
    seal_template,
)
from gate_controller.face_control.kept_faces import FaceError

PLACE = TemplatePlace("site-1", "gate-1", bytes(range(32)))
SHARE = bytes(range(100, 132))
TEMPLATE = np.linspace(-1, 1, 128, dtype=np.float32)


def sealed(person_id: str = "person-1", share: bytes = SHARE) -> FaceBlob:
    return seal_template(
        TEMPLATE, place=PLACE, person_id=person_id, consent_id="consent-1", engine="engine-1", share=share
    )


@pytest.fixture
def blobs_path(tmp_path: Path) -> Path:
    return tmp_path / "faces.sqlite3"


@pytest.fixture
def connection(blobs_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(blobs_path, check_same_thread=False)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA synchronous = FULL")
        yield opened


def test_the_right_share_opens_the_template_unchanged() -> None:
    assert np.array_equal(open_template(sealed(), place=PLACE, share=SHARE), TEMPLATE)


def test_the_opened_template_can_be_overwritten() -> None:
    assert open_template(sealed(), place=PLACE, share=SHARE).flags.writeable


@given(position=st.integers(0, 31), change=st.integers(1, 255))
def test_a_share_that_differs_anywhere_opens_nothing(position: int, change: int) -> None:
    wrong = bytearray(SHARE)
    wrong[position] ^= change
    with pytest.raises(TemplateNotOpened, match="person-1 stays shut"):
        open_template(sealed(), place=PLACE, share=wrong)


@pytest.mark.parametrize(
    "place",
    [
        TemplatePlace("site-2", "gate-1", bytes(range(32))),
        TemplatePlace("site-1", "gate-2", bytes(range(32))),
        TemplatePlace("site-1", "gate-1", bytes(range(1, 33))),
    ],
    ids=["another site", "another gate", "another gate secret"],
)
def test_another_place_opens_nothing(place: TemplatePlace) -> None:
    with pytest.raises(TemplateNotOpened):
        open_template(sealed(), place=place, share=SHARE)


@pytest.mark.parametrize(
    "changes",
    [
        {"person_id": "person-2"},
        {"consent_id": "consent-2"},
        {"engine": "engine-2"},
        {"look_id": "another"},
        {"nonce": bytes(12)},
        {"nonce": bytes(11)},
        {"ciphertext": b""},
        {"ciphertext": bytes(128 * 4 + 16)},
    ],
)
def test_a_blob_moved_to_other_ids_or_damaged_opens_nothing(changes: dict[str, str]) -> None:
    with pytest.raises(TemplateNotOpened):
        open_template(replace(sealed(), **changes), place=PLACE, share=SHARE)


def test_ids_that_read_alike_when_joined_are_different_places() -> None:
    blob = seal_template(
        TEMPLATE, place=PLACE, person_id="person-1", consent_id="ab", engine="c", share=SHARE
    )
    with pytest.raises(TemplateNotOpened):
        open_template(replace(blob, consent_id="a", engine="bc"), place=PLACE, share=SHARE)


def test_two_sealings_of_one_template_share_no_ciphertext() -> None:
    one, other = sealed(), sealed()
    assert one.nonce != other.nonce
    assert one.ciphertext[:32] != other.ciphertext[:32]


def test_a_share_or_gate_secret_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(BadFaceSetting, match="32 bytes, not 31"):
        sealed(share=SHARE[:31])
    with pytest.raises(BadFaceSetting, match="32 bytes, not 5"):
        TemplatePlace("site-1", "gate-1", b"short")


def test_the_gate_secret_is_not_shown_by_repr() -> None:
    assert repr(PLACE) == "TemplatePlace(site_id='site-1', gate_id='gate-1')"


def test_a_saved_blob_is_loaded_unchanged_from_the_file(
    connection: sqlite3.Connection, blobs_path: Path
) -> None:
    blob = sealed()
    SqliteFaceBlobs(connection).save(blob)
    with closing(sqlite3.connect(blobs_path)) as later:
        blobs = SqliteFaceBlobs(later)
        assert blobs.of_person("person-1") == (blob,)
        assert blobs.person_ids() == ("person-1",)


def test_deleting_returns_whether_there_was_anything(connection: sqlite3.Connection) -> None:
    blobs = SqliteFaceBlobs(connection)
    look = sealed()
    blobs.save(look)
    assert [blobs.delete_look("person-1", look.look_id) for _ in range(2)] == [True, False]
    assert blobs.of_person("person-1") == ()


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def test_after_delete_and_wipe_no_byte_of_the_blob_is_in_any_file(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    blobs = SqliteFaceBlobs(connection)
    kept = [sealed(f"kept-{number}", secrets.token_bytes(32)) for number in range(40)]
    gone = sealed("person-who-withdrew")
    for blob in [*kept[:20], gone, *kept[20:]]:
        blobs.save(blob)
    pieces = [gone.ciphertext[start : start + 16] for start in range(0, len(gone.ciphertext) - 16, 16)]
    before = bytes_on_disk(tmp_path)
    assert all(piece in before for piece in pieces)
    blobs.delete_look("person-who-withdrew", gone.look_id)
    blobs.wipe()
    after = bytes_on_disk(tmp_path)
    assert not any(piece in after for piece in [*pieces, gone.nonce, b"person-who-withdrew"])
    assert blobs.of_person("kept-39") == (kept[39],)


def test_a_damaged_file_is_not_kept_aside_where_no_withdrawal_would_reach_it(
    blobs_path: Path, tmp_path: Path
) -> None:
    now = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
    blob = sealed()
    with closing(open_face_file(blobs_path, now)) as opened:
        SqliteFaceBlobs(opened).save(blob)
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray(blobs_path.read_bytes())
    whole[:16] = b"no SQLite header"
    blobs_path.write_bytes(whole)
    with closing(open_face_file(blobs_path, now)) as opened:
        assert SqliteFaceBlobs(opened).person_ids() == ()
        assert blob.ciphertext[:16] not in bytes_on_disk(tmp_path)


def test_a_replaced_blob_is_gone_from_the_files_too(connection: sqlite3.Connection, tmp_path: Path) -> None:
    blobs = SqliteFaceBlobs(connection)
    earlier, later = sealed(), sealed()
    blobs.save(earlier)
    blobs.save(later, [earlier.look_id])
    blobs.wipe()
    after = bytes_on_disk(tmp_path)
    assert later.ciphertext in after
    assert earlier.ciphertext[:16] not in after


def test_looks_are_kept_in_their_order_and_one_is_deleted_alone(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    blobs = SqliteFaceBlobs(connection)
    looks, others = [sealed() for _ in range(3)], sealed("person-2")
    for look in (*looks, others):
        blobs.save(look)
    assert blobs.of_person("person-1") == tuple(looks)
    assert not blobs.delete_look("person-2", looks[1].look_id), "it is of another person"
    assert [blobs.delete_look("person-1", looks[1].look_id) for _ in range(2)] == [True, False]
    blobs.wipe()
    assert blobs.of_person("person-1") == (looks[0], looks[2])
    assert blobs.person_ids() == ("person-1", "person-2")
    assert looks[1].ciphertext[:16] not in bytes_on_disk(tmp_path)


def test_faces_of_before_there_were_looks_leave_the_file(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    connection.execute("CREATE TABLE face_blob (person_id TEXT PRIMARY KEY, ciphertext BLOB)")
    connection.execute("INSERT INTO face_blob VALUES ('person-1', ?)", (b"a face of before" * 40,))
    connection.commit()
    blobs = SqliteFaceBlobs(connection)
    blobs.wipe()
    assert b"a face of before" not in bytes_on_disk(tmp_path)
    assert blobs.person_ids() == ()


def test_wipe_says_so_when_a_reader_keeps_the_old_pages_alive(
    connection: sqlite3.Connection, blobs_path: Path
) -> None:
    connection.execute("PRAGMA busy_timeout = 10")
    blobs = SqliteFaceBlobs(connection)
    look = sealed()
    blobs.save(look)
    with closing(sqlite3.connect(blobs_path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM face_look").fetchone()
        blobs.delete_look("person-1", look.look_id)
        with pytest.raises(FaceError, match="not yet overwritten"):
            blobs.wipe()
    blobs.wipe()
