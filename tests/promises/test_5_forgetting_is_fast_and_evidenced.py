"""Promise 5: whatever ends a face leaves no share, lease or template, and begins its evidence.

At the gate it is deleted, overwritten and receipted, once. At the server no share is left and what was
stolen opens nothing: not its database, log and backups, not these with its secrets as long as the gate's
disk is missing, not a copy from before once the wrapping key was changed.

Does not cover: an SD card's own spare blocks, a gate that was switched off (its lease runs out), a server
and a gate in one hand, memory read from a machine that runs. Certificates have their own tests.
"""

import base64
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gate_controller.contract.messages import FaceLease, ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.contract.records import FaceRecord, encode_record
from gate_controller.contract.signing import SignatureRefused, public_bytes
from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import (
    FaceBlob,
    SqliteFaceBlobs,
    TemplatePlace,
    open_template,
    seal_template,
)
from gate_controller.face_control.kept_faces import FaceError
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.storage.clock import GateClock
from gate_controller.storage.database import open_database
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from hardware.cameras.camera import FolderCamera
from tests.promises.endings import ENDINGS, Home, copy_of, ended
from tests.support.compounds.forgetting import GATES
from tests.support.compounds.people import person, records
from tests.support.examples import examples
from tests.support.gates.site_keys import SiteKeys, encoded
from web_admin.compound.models import Gate
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.custody.key_rotation import rotation_due_since
from web_admin.custody.leases import leases_for
from web_admin.custody.models import ForgettingRow
from web_admin.face.actions import withdraw_face
from web_admin.operations import housekeeping
from web_admin.operations.backup import write_backup

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SITE = SiteKeys.make()
IDENTITY = GateIdentity(SITE.site_id, "north", public_bytes(SITE.root))
WHOLE = encoded(records(person()))


class DiskBusy(SqliteFaceBlobs):
    """Blobs on a disk where overwriting does not succeed while `is_busy`."""

    is_busy = False

    def wipe(self) -> None:
        if self.is_busy:
            raise FaceError("another connection is reading the file")
        super().wipe()


def no_engine() -> FaceEngine:
    raise FaceError("no engine is needed to forget")


@dataclass
class FaceGate:
    """The parts of a gate that keep and forget faces, on real files."""

    folder: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    version: int = 0
    looks: int = 0

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.store = PolicyStore(self.folder / "policy.sqlite3", IDENTITY, NOW)
        self.journal = Journal(self.folder / "journal.sqlite3", NOW)
        self.connection, _ = open_database(self.folder / "faces.sqlite3", "", NOW)
        self.blobs = DiskBusy(self.connection)
        self.service = FaceService(
            engine_loader=no_engine,
            blobs=self.blobs,
            gate_secret=b"f" * 32,
            site_id=SITE.site_id,
            gate_id="north",
            camera=FolderCamera(self.folder, name="eye"),
            boot_seconds=lambda: 100.0,
        )
        clock = GateClock(lambda: NOW, lambda: 100.0, floor=None, is_battery_backed=True)
        self.keeper = FaceKeeper(
            self.service, self.store, self.journal, clock, IDENTITY, self.key, TamperMark(self.folder / "t")
        )

    def close(self) -> None:
        self.store.close()
        self.journal.close()
        self.connection.close()

    def keep_face(self, person_id: str, consent_id: str) -> bytes:
        """Put a sealed template into the gate, as enrolment does, and return its bytes."""
        self.looks += 1
        look_id = f"look-{self.looks}"
        ciphertext = f"{look_id} of {person_id} under {consent_id} ".encode() * 12
        self.blobs.save(FaceBlob(person_id, consent_id, "yunet-sface", b"n" * 12, ciphertext, look_id))
        return ciphertext

    def consents(self, live: dict[str, str], dropped: tuple[str, ...] = ()) -> None:
        """Take a policy in which exactly these persons have these live consents, and settle.

        Everyone has dropped these looks, so far as they are theirs.
        """
        self.version += 1
        faces = {
            f"face:{p}": encode_record(FaceRecord(p, c, "yunet-sface", dropped_looks=dropped))
            for p, c in live.items()
        }
        signed = SITE.signed_policy({**WHOLE, **faces}, version=self.version, issued_at=NOW)
        snapshot = self.store.take(*signed, NOW)
        assert snapshot is not None
        self.keeper.settle(snapshot.face_roster)

    def receipts(self) -> dict[str, ForgetReceipt]:
        """Return what waits for the server, each checked against the gate's public key."""
        return {
            consent_id: open_receipt(SignedReceipt(receipt=body, signature=signature), public_bytes(self.key))
            for consent_id, (body, signature) in self.journal.unsent_receipts().items()
        }

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file())


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[FaceGate]:
    made = FaceGate(tmp_path)
    yield made
    made.close()


def test_a_withdrawn_face_leaves_no_byte_and_one_signed_receipt(gate: FaceGate) -> None:
    gate.consents({"a": "consent-1", "b": "consent-2"})
    template, other = gate.keep_face("a", "consent-1"), gate.keep_face("b", "consent-2")
    assert template in gate.bytes_on_disk()
    gate.consents({"b": "consent-2"})
    assert template[:60] not in gate.bytes_on_disk()
    assert other in gate.bytes_on_disk()
    receipts = gate.receipts()
    assert list(receipts) == ["consent-1"]
    receipt = receipts["consent-1"]
    assert (receipt.person_id, receipt.blob_found, receipt.forgotten_at) == ("a", True, NOW)
    assert gate.journal.entries_after(receipt.journal_seq - 1, 1)[0].kind == "face_forgotten"
    gate.consents({"b": "consent-2"})
    assert list(gate.receipts()) == ["consent-1"]


def test_a_receipt_that_anyone_changed_or_signed_is_refused(gate: FaceGate) -> None:
    gate.consents({"a": "consent-1"})
    gate.consents({})
    body, signature = gate.journal.unsent_receipts()["consent-1"]
    with pytest.raises(SignatureRefused):
        open_receipt(
            SignedReceipt(receipt=body.replace(b'"a"', b'"b"'), signature=signature), public_bytes(gate.key)
        )
    with pytest.raises(SignatureRefused):
        stranger = public_bytes(Ed25519PrivateKey.generate())
        open_receipt(SignedReceipt(receipt=body, signature=signature), stranger)


def test_a_new_consent_of_the_same_person_ends_the_face_of_the_old_one(gate: FaceGate) -> None:
    gate.consents({"a": "consent-1"})
    gate.keep_face("a", "consent-1")
    gate.consents({"a": "consent-2"})
    assert set(gate.receipts()) == {"consent-1"}
    assert not gate.service.has_face("a")


def test_without_an_engine_a_gate_still_owes_and_signs_receipts(gate: FaceGate) -> None:
    clock = GateClock(lambda: NOW, lambda: 100.0, floor=None, is_battery_backed=True)
    mark = TamperMark(gate.folder / "tampered")
    gate.keeper = FaceKeeper(None, gate.store, gate.journal, clock, IDENTITY, gate.key, mark)
    gate.consents({"a": "consent-1"})
    gate.consents({})
    assert gate.receipts()["consent-1"].blob_found is False


def test_a_disk_that_cannot_overwrite_yet_owes_the_receipt_until_it_can(gate: FaceGate) -> None:
    gate.consents({"a": "consent-1"})
    gate.keep_face("a", "consent-1")
    gate.blobs.is_busy = True
    gate.consents({})
    assert gate.receipts() == {}
    gate.close()
    gate.open()
    gate.keeper.settle({})
    assert set(gate.receipts()) == {"consent-1"}


def test_a_dropped_lease_overwrites_the_share_at_once(gate: FaceGate) -> None:
    gate.keep_face("a", "consent-1")
    lease = FaceLease(person_id="a", consent_id="consent-1", share=b"s" * 32, seconds=3600)
    gate.keeper.take_leases((lease,), 100.0)
    assert gate.service.can_recognise("a")
    gate.keeper.take_leases((), 100.0)
    assert not gate.service.can_recognise("a")


def test_a_lease_ends_by_the_boot_clock_without_any_server(gate: FaceGate) -> None:
    gate.keep_face("a", "consent-1")
    lease = FaceLease(person_id="a", consent_id="consent-1", share=b"s" * 32, seconds=3600)
    gate.keeper.take_leases((lease,), 100.0 - 3600)
    assert not gate.service.can_recognise("a")


CONSENTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CONSENTS, *[st.booleans()] * 3), min_size=1, max_size=6))
def test_over_any_history_each_ended_consent_has_one_receipt_and_no_template(
    tmp_path: Path, steps: list
) -> None:
    """Consents and looks come and go, the gate restarts, its policy is lost: what ended keeps no face."""
    folder = tmp_path / datetime.now(UTC).strftime("%H%M%S%f")
    folder.mkdir()
    gate = FaceGate(folder)
    seen: dict[str, str] = {}
    for live, restarts, loses_policy, drops in steps:
        named = {person_id: f"{person_id}-{number}" for person_id, number in live.items()}
        gate.consents(named)
        seen |= {consent_id: person_id for person_id, consent_id in named.items()}
        for person_id, consent_id in named.items():
            dropped, kept = (gate.keep_face(person_id, consent_id) for _ in range(2))
            for _ in range(drops):
                gate.consents(named, (f"look-{gate.looks - 1}",))
                on_disk = gate.bytes_on_disk()
                assert (dropped[:40] in on_disk, kept in on_disk) == (False, True)
        for _ in range(restarts):
            gate.close()
            gate.open()
        for _ in range(loses_policy):
            gate.store.forget_policy()
    gate.consents(named)
    assert {consent_id for consent_id in seen if consent_id not in named.values()} <= set(gate.receipts())
    assert set(gate.blobs.person_ids()) == set(named)
    gate.close()


def test_the_day_of_forgetting_is_in_the_receipt_and_no_name_is(gate: FaceGate) -> None:
    gate.consents({"a": "consent-1"})
    gate.consents({})
    body, _ = gate.journal.unsent_receipts()["consent-1"]
    assert set(msgspec.json.decode(body)) == set(ForgetReceipt.__struct_fields__)
    assert abs(gate.receipts()["consent-1"].forgotten_at - NOW) < timedelta(seconds=1)


# -- the server's half -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("first"), NOW)


@pytest.mark.parametrize("ending", ENDINGS)
def test_after_every_ending_no_share_is_left_and_none_is_leased(
    first: Home, tmp_path: Path, ending: str
) -> None:
    home = copy_of(first, tmp_path / "home")
    before = home.shares()
    whose, end = ENDINGS[ending]
    gone = ended(home, whose)
    assert gone <= before
    assert home.leased() == before
    end(home)
    assert home.shares() == home.leased() == before - gone, "and no other person's"
    with home.database.session() as session:
        begun = {(row.consent_id, row.gate_id) for row in session.scalars(select(ForgettingRow))}
        assert len(begun) == len(gone)
    concerned = [number for number, person_id in enumerate(home.people) if (person_id, "north") in gone]
    certified = {
        (home.people[number], gate.gate_id)
        for number in concerned
        for gate in home.certificate(number).statement.gates
    }
    assert certified == gone
    done = housekeeping.run(home.menjin, home.now)
    assert -1 not in done.values()
    with home.database.session() as session:
        assert rotation_due_since(session) is None
    assert home.leased() == before - gone, "those who stay go on under the new key"


@settings(
    max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(sorted(ENDINGS)), min_size=2, max_size=5))
def test_over_any_order_of_endings_what_ended_stays_ended(
    first: Home, tmp_path: Path, endings: list[str]
) -> None:
    folder = tmp_path / os.urandom(4).hex()
    home = copy_of(first, folder)
    everything, gone = home.shares(), set()
    for ending in endings:
        whose, end = ENDINGS[ending]
        gone |= ended(home, whose)
        with suppress(ActionRefused):  # one act may be refused after another; no share may stay
            end(home)
        assert home.shares() <= everything - gone
        assert home.leased() <= home.shares()
    home.database.engine.dispose()
    shutil.rmtree(folder)


# -- what a thief gets -----------------------------------------------------------------------------


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def forms(secret: bytes) -> list[bytes]:
    """Return a secret as it might lie in a file: raw, hex, base64."""
    return [secret, secret.hex().encode(), base64.b64encode(secret), base64.b64encode(secret)[:40]]


def test_a_stolen_server_yields_neither_share_nor_template_nor_key(
    first: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Database, write-ahead log, backup and log are searched for what the gates hold in memory."""
    home = copy_of(first, tmp_path / "home")
    with home.database.session() as session:
        shares = [
            lease.share
            for gate_id in GATES
            for lease in leases_for(session, home.sealer, session.get_one(Gate, gate_id))
        ]
    assert len(shares) == 4
    (home.folder / "backups").mkdir()
    config, passphrase, backups = home.menjin.config, "a long passphrase", home.folder / "backups"
    write_backup(home.database, config, passphrase, backups / "1.bak", home.now)
    home.doing(lambda act: withdraw_face(act, home.people[0]))
    housekeeping.run(home.menjin, home.now)
    write_backup(home.database, config, passphrase, backups / "2.bak", home.now)
    assert (home.folder / "menjin.sqlite3-wal").stat().st_size > 0
    stolen = everything_on_disk(home.folder) + caplog.text.encode()
    wrapping = b"f" * 32
    for secret in (*shares, wrapping):
        for form in forms(secret):
            assert form not in stolen


def test_a_stolen_server_with_all_its_secrets_opens_no_template_without_the_gates_disk(
    first: Home, tmp_path: Path
) -> None:
    home = copy_of(first, tmp_path / "home")
    with home.database.session() as session:
        lease = leases_for(session, home.sealer, session.get_one(Gate, "north"))[0]
    template = np.linspace(-1, 1, 128, dtype=np.float32)
    place = TemplatePlace(home.site_id, "north", b"the gate's own secret, 32 bytes!")
    blob = seal_template(
        template,
        place=place,
        share=lease.share,
        person_id=lease.person_id,
        consent_id=lease.consent_id,
        engine="yunet-sface",
    )
    assert np.array_equal(open_template(blob, place=place, share=lease.share), template), "it can be opened"
    guessed = TemplatePlace(home.site_id, "north", b"k" * 32)
    with pytest.raises(FaceError):
        open_template(blob, place=guessed, share=lease.share)
    assert template.tobytes() not in everything_on_disk(home.folder)
    assert blob.ciphertext not in everything_on_disk(home.folder), "nor does the server have the sealed one"


def test_a_copy_of_the_database_from_before_opens_nothing_once_the_key_was_changed(
    first: Home, tmp_path: Path
) -> None:
    home = copy_of(first, tmp_path / "home")
    home.database.engine.dispose()
    shutil.copy(home.folder / "menjin.sqlite3", tmp_path / "old.sqlite3")
    home.doing(lambda act: withdraw_face(act, home.people[0]))
    home.later(minutes=10)
    housekeeping.run(home.menjin, home.now)
    assert home.now - first.now <= timedelta(hours=24)
    with sqlite3.connect(tmp_path / "old.sqlite3") as connection:
        old = [row[0] for row in connection.execute("SELECT share_sealed FROM face_share")]
    connection.close()
    assert len(old) == 4
    thief = Sealer(b"s" * 32, b"l" * 32, WrapKeys(None, home.secrets_dir))
    for sealed in old:
        with pytest.raises(SealBroken):
            thief.open(sealed, purpose="face-share")
