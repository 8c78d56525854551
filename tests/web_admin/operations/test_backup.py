"""Backups, the space that they need, and what they hold."""

import io
import struct
import tracemalloc
import zlib
from datetime import timedelta
from itertools import repeat

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import func, select

from tests.web_admin.manage.sent_sheets import LONG, PATH, hidden_of, job_of, upload
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import current_menjin
from web_admin.operations import jobs as long_jobs
from web_admin.operations.backup import (
    MAX_FRAME_BYTES,
    UNPACKED_FREE_BYTES,
    BackupRefused,
    read_sealed,
    write_sealed,
)
from web_admin.people_import.job import import_people

CIPHER = AESGCM(bytes(32))
MIB = 1024 * 1024


def sealed(*frames: bytes) -> io.BytesIO:
    file = io.BytesIO()
    write_sealed(file, CIPHER, iter(frames))  # type: ignore[arg-type]  # it is a file
    file.seek(0)
    return file


def raw(*packed: bytes) -> io.BytesIO:
    """Return a file whose parts are packed otherwise than by its writer."""
    file = io.BytesIO()
    for number, one in enumerate(packed):
        word = b"last" if number == len(packed) - 1 else b"more"
        body = CIPHER.encrypt(struct.pack(">4xQ", number), one, word)
        file.write(struct.pack(">I", len(body)) + body)
    file.seek(0)
    return file


@pytest.mark.wide
def test_what_was_written_is_read() -> None:
    frames = [b"", b"rows" * 1000, bytes(range(256)) * 4096, b"x" * UNPACKED_FREE_BYTES]
    assert list(read_sealed(sealed(*frames), CIPHER)) == frames


@pytest.mark.wide
def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    """0.3 MB that unpack to 300 MiB of zeros: in one part, and in many that are each small."""
    packing = zlib.compressobj(9)
    bomb = b"".join([*(packing.compress(bytes(MIB)) for _ in range(300)), packing.flush()])
    assert len(bomb) < 0.35 * MIB
    small = zlib.compress(bytes(MIB), 9)
    for file in (raw(bomb), raw(*repeat(small, 300))):
        tracemalloc.start()
        unpacked = 0
        with pytest.raises(BackupRefused, match="unpacks to more than it may"):
            for frame in read_sealed(file, CIPHER):
                unpacked += len(frame)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert unpacked <= UNPACKED_FREE_BYTES + 100 * len(file.getvalue())
        assert peak <= MAX_FRAME_BYTES + UNPACKED_FREE_BYTES


def test_a_part_is_no_larger_than_its_reader_takes() -> None:
    with pytest.raises(BackupRefused, match="unpacks to more than it may"):
        list(read_sealed(sealed(bytes(MIB + 1)), CIPHER, max_frame_bytes=MIB))
    assert list(read_sealed(sealed(bytes(MIB)), CIPHER, max_frame_bytes=MIB)) == [bytes(MIB)]


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no zlib",
        zlib.compress(b"rows")[:-1],
        zlib.compress(b"rows") + b"x",
    ],
)
def test_what_is_no_whole_packed_part_is_one_sentence(packed: bytes) -> None:
    with pytest.raises(BackupRefused):
        list(read_sealed(raw(packed), CIPHER))


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def count(compound):
    """Return how many homes, people and cards the compound has."""

    def counted():
        with compound.app.app_context(), current_menjin().database.session() as session:
            kinds = (Home, Person, CredentialRow)
            return tuple(session.scalar(select(func.count()).select_from(kind)) for kind in kinds)

    return counted


@pytest.mark.wide
def test_a_job_that_died_is_taken_up_again_and_done_once(client, compound, count, monkeypatch):
    before = count()
    monkeypatch.setattr(long_jobs, "start", lambda menjin, job_id: None)  # as if the server went down here
    answer = client.post(f"{PATH}/confirm", data=hidden_of(upload(client, LONG.encode()).text))
    with compound.app.app_context():
        menjin = current_menjin()
        monkeypatch.setitem(long_jobs.WORKS, "import_people", crash_after_work)
        with pytest.raises(KeyboardInterrupt):
            long_jobs.run(menjin, job_of(answer))
        assert count() == before
        monkeypatch.undo()
        long_jobs.run(menjin, job_of(answer))
        assert count() == before  # another worker may still be at it
        compound.clock.now += timedelta(minutes=4)
        assert long_jobs.run_due(menjin, menjin.clock()) == 1
        assert long_jobs.run_due(menjin, menjin.clock()) == 0
        long_jobs.run(menjin, job_of(answer))
    assert tuple(now - then for now, then in zip(count(), before, strict=True)) == (300, 300, 300)


def crash_after_work(act, payload):
    import_people(act, payload)
    raise KeyboardInterrupt


def test_another_compounds_job_is_not_found(client):
    assert client.get(f"{PATH}/jobs/nothing").status_code == 404
