"""Promise 5, the gate's half: a face whose consent ends is deleted, overwritten and receipted, once.

Does not cover: an SD card's own spare blocks, a copy of the disk made before, or a gate that was
switched off (its lease runs out). The server's shares and certificates have their own tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate_controller.clock import GateClock
from gate_controller.face.engine import FaceEngine
from gate_controller.face.errors import FaceError
from gate_controller.face.face_service import FaceService
from gate_controller.face.template_store import FaceBlob, SqliteFaceBlobs
from gate_controller.face_keeper import FaceKeeper
from gate_controller.journal import Journal
from gate_controller.local_store import open_database
from gate_controller.policy import FaceRecord, encode_record
from gate_controller.policy_store import GateIdentity, PolicyStore
from gate_controller.signing import SignatureRefused, public_bytes
from gate_controller.sync_contract import FaceLease, ForgetReceipt, SignedReceipt, open_receipt
from gate_controller.tamper_mark import TamperMark
from hardware.cameras import FolderCamera
from tests.people import person, records
from tests.site_keys import SiteKeys, encoded

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
        ciphertext = f"template of {person_id} under {consent_id} ".encode() * 12
        self.blobs.save(FaceBlob(person_id, consent_id, "yunet-sface", b"n" * 12, ciphertext))
        return ciphertext

    def consents(self, live: dict[str, str]) -> None:
        """Take a policy in which exactly these persons have these live consents, and settle."""
        self.version += 1
        faces = {f"face:{p}": encode_record(FaceRecord(p, c, "yunet-sface")) for p, c in live.items()}
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
@given(st.lists(st.tuples(CONSENTS, st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_over_any_history_each_ended_consent_has_one_receipt_and_no_template(
    tmp_path: Path, steps: list
) -> None:
    """Consents come and go, the gate restarts, its policy is lost: no ended consent keeps a face."""
    folder = tmp_path / datetime.now(UTC).strftime("%H%M%S%f")
    folder.mkdir()
    gate = FaceGate(folder)
    seen: dict[str, str] = {}
    for live, restarts, loses_policy in steps:
        named = {person_id: f"{person_id}-{number}" for person_id, number in live.items()}
        gate.consents(named)
        seen |= {consent_id: person_id for person_id, consent_id in named.items()}
        for person_id, consent_id in named.items():
            gate.keep_face(person_id, consent_id)
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
