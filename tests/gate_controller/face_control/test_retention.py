"""Leases are for 72 hours of the boot clock, in memory, and none is held after tampering."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import MAX_LEASE_SECONDS, FaceLease, ForgetReceipt
from gate_controller.contract.records import FaceRecord
from gate_controller.contract.signing import public_bytes
from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.leases import HeldLeases
from gate_controller.face.matching.template_store import FaceBlob, SqliteFaceBlobs
from gate_controller.face_control.kept_faces import FaceError, Lease
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from hardware.cameras.camera import FolderCamera
from tests.support.compounds.people import person, records
from tests.support.gates.site_keys import SiteKeys, encoded

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LEASE = FaceLease(person_id="anna", consent_id="consent-1", share=b"s" * 32, seconds=MAX_LEASE_SECONDS)


def no_engine() -> FaceEngine:
    raise FaceError("no engine is needed to hold a lease")


@dataclass
class Keeping:
    """The keeper of a gate with Anna's sealed face, and both clocks in the test's hand."""

    folder: Path
    boot_seconds: float = 1000.0
    wall: datetime = NOW
    connections: list[sqlite3.Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site = SiteKeys.make()
        identity = GateIdentity("site-1", "north", public_bytes(self.site.root))
        self.store = PolicyStore(self.folder / "policy.sqlite3", identity, NOW)
        self.journal = Journal(self.folder / "journal.sqlite3", NOW)
        self.identity, self.key = identity, Ed25519PrivateKey.generate()
        self.start()
        self.blobs.save(FaceBlob("anna", "consent-1", "yunet-sface", b"n" * 12, b"sealed", "look-1"))

    def start(self) -> None:
        """Start as after a power cut: what is in memory is gone."""
        connection = sqlite3.connect(self.folder / "faces.sqlite3", check_same_thread=False)
        self.connections.append(connection)
        self.blobs = SqliteFaceBlobs(connection)
        self.service = FaceService(
            engine_loader=no_engine,
            blobs=self.blobs,
            gate_secret=b"f" * 32,
            site_id="site-1",
            gate_id="north",
            camera=FolderCamera(self.folder, name="eye"),
            boot_seconds=lambda: self.boot_seconds,
        )
        self.keeper = self.keeper_of(self.service)

    def keeper_of(self, service: FaceService | None) -> FaceKeeper:
        """Return what ends faces here, of a gate with a face service or of one without."""
        clock = GateClock(lambda: self.wall, lambda: self.boot_seconds, floor=None, is_battery_backed=True)
        mark = TamperMark(self.folder / "tampered")
        return FaceKeeper(service, self.store, self.journal, clock, self.identity, self.key, mark)

    def policy_names(self, version: int, **consents: str) -> Mapping[str, FaceRecord]:
        """Take a policy in which these people have these consents; return its faces."""
        faces = [FaceRecord(name, consent_id, "yunet-sface") for name, consent_id in consents.items()]
        whole = encoded(records(*faces, *(person(name) for name in consents)))
        taken = self.store.take(*self.site.signed_policy(whole, version=version, issued_at=NOW), NOW)
        assert taken is not None
        return taken.face_roster

    def receipts(self) -> dict[str, bool]:
        """Return the receipts that wait: by consent, whether there was a face to delete."""
        unsent = self.journal.unsent_receipts()
        opened = [msgspec.json.decode(body, type=ForgetReceipt) for body, _signature in unsent.values()]
        assert all((one.site_id, one.gate_id) == ("site-1", "north") for one in opened)
        return {one.consent_id: one.blob_found for one in opened}

    def is_lent(self, *leases: FaceLease) -> bool:
        """Take these leases; return whether Anna could be recognised."""
        self.keeper.take_leases(leases, self.boot_seconds)
        return self.service.can_recognise("anna")

    def tamper_id(self) -> str:
        assert self.keeper.tamper_id is not None
        return self.keeper.tamper_id


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Keeping]:
    made = Keeping(tmp_path)
    yield made
    made.store.close()
    made.journal.close()
    for connection in made.connections:
        connection.close()


def test_tampering_ends_every_lease_at_once_and_no_new_one_is_taken(gate: Keeping) -> None:
    assert gate.is_lent(LEASE)
    gate.keeper.tampered(["wires:7"])
    assert not gate.service.can_recognise("anna")
    gate.keeper.tampered([])
    assert not gate.is_lent(LEASE)


def test_a_restart_does_not_lift_the_mark(gate: Keeping) -> None:
    gate.keeper.tampered(["wires:7"])
    marked = gate.tamper_id()
    gate.start()
    assert gate.tamper_id() == marked
    assert not gate.is_lent(LEASE)


def drops(gate: Keeping) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return what the journal says of looks that were dropped."""
    return [
        (dict(entry.facts), dict(entry.personal or {}))
        for entry in gate.journal.entries_after(0, 100)
        if entry.kind == "face_look_dropped"
    ]


def test_a_look_that_the_policy_names_is_deleted_and_reported_once_with_what_is_left(gate: Keeping) -> None:
    gate.blobs.save(FaceBlob("anna", "consent-1", "yunet-sface", b"m" * 12, b"a second look", "look-0"))
    roster = {"anna": FaceRecord("anna", "consent-1", "yunet-sface", dropped_looks=("look-1", "look-9"))}
    for _turn in range(2):
        assert gate.keeper.settle(roster) == 0
    whose = {"person_id": "anna", "consent_id": "consent-1", "look_ids": "look-0"}
    assert drops(gate) == [
        ({"look_found": True}, {**whose, "look_id": "look-1"}),
        ({"look_found": False}, {**whose, "look_id": "look-9"}),
    ]
    assert gate.service.look_ids("anna") == ("look-0",)
    assert b"sealed" not in (gate.folder / "faces.sqlite3").read_bytes()
    assert gate.journal.unsent_receipts() == {}, "the consent goes on"


def test_a_look_that_a_restored_server_drops_once_more_is_reported_once_more(gate: Keeping) -> None:
    named = {"anna": FaceRecord("anna", "consent-1", "yunet-sface", dropped_looks=("look-1",))}
    for roster in (named, {"anna": FaceRecord("anna", "consent-1", "yunet-sface")}, named, named):
        gate.keeper.settle(roster)
    assert [facts for facts, _ in drops(gate)] == [{"look_found": True}, {"look_found": False}]


def test_a_look_that_cannot_be_overwritten_yet_is_reported_when_it_is(
    gate: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = {"anna": FaceRecord("anna", "consent-1", "yunet-sface", dropped_looks=("look-1",))}
    wipe = SqliteFaceBlobs.wipe

    def busy(_blobs: SqliteFaceBlobs) -> None:
        raise FaceError("another connection is reading the file")

    monkeypatch.setattr(SqliteFaceBlobs, "wipe", busy)
    gate.keeper.settle(roster)
    assert drops(gate) == []
    monkeypatch.setattr(SqliteFaceBlobs, "wipe", wipe)
    gate.keeper.settle(roster)
    assert [facts for facts, _ in drops(gate)] == [{"look_found": False}]


def test_a_look_that_cannot_be_overwritten_yet_keeps_no_other_from_being_deleted(
    gate: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    for look in ("look-2", "look-3", "look-4"):
        gate.blobs.save(FaceBlob("anna", "consent-1", "yunet-sface", b"m" * 12, look.encode(), look))
    roster = {"anna": FaceRecord("anna", "consent-1", "yunet-sface", dropped_looks=("look-1", "look-2"))}
    wipe, once = SqliteFaceBlobs.wipe, iter([FaceError("another connection is reading the file")])

    def busy_once(blobs: SqliteFaceBlobs) -> None:
        for error in once:
            raise error
        wipe(blobs)

    monkeypatch.setattr(SqliteFaceBlobs, "wipe", busy_once)
    gate.keeper.settle(roster)
    reported = [(personal["look_id"], personal["look_ids"]) for _facts, personal in drops(gate)]
    assert reported == [("look-2", "look-3 look-4")]


def test_the_managers_clearance_lifts_the_mark_it_is_about(gate: Keeping) -> None:
    gate.keeper.tampered(["wires:7"])
    gate.keeper.tampered([])
    gate.keeper.cleared(gate.tamper_id())
    assert gate.keeper.tamper_id is None
    assert gate.is_lent(LEASE)
    gate.start()
    assert gate.is_lent(LEASE)


@pytest.mark.parametrize("word", [None, "", "0123456789abcdef"])
def test_a_clearance_of_another_tampering_lifts_nothing(gate: Keeping, word: str | None) -> None:
    gate.keeper.tampered(["wires:7"])
    gate.keeper.tampered([])
    gate.keeper.cleared(word)
    assert not gate.is_lent(LEASE)


def test_a_second_tampering_is_not_cleared_with_the_first_one(gate: Keeping) -> None:
    gate.keeper.tampered(["wires:7"])
    first = gate.tamper_id()
    gate.keeper.tampered(["wires:7", "osdp-1"])
    gate.keeper.tampered([])
    gate.keeper.cleared(first)
    assert not gate.is_lent(LEASE)


def test_a_contact_that_is_still_active_outweighs_the_managers_clearance(gate: Keeping) -> None:
    gate.keeper.tampered(["wires:7"])
    first = gate.tamper_id()
    gate.keeper.cleared(first)
    assert gate.tamper_id() != first
    assert not gate.is_lent(LEASE)


def test_a_mark_that_was_cut_short_by_a_power_cut_is_a_mark(gate: Keeping) -> None:
    (gate.folder / "tampered").write_bytes(b"\0\0")
    gate.start()
    assert len(gate.tamper_id()) == 16
    assert not gate.is_lent(LEASE)


def test_a_mark_that_cannot_be_written_counts_until_the_restart_and_is_reported(
    gate: Keeping, caplog: pytest.LogCaptureFixture
) -> None:
    (gate.folder / "tampered").mkdir()
    with caplog.at_level(logging.ERROR):
        gate.keeper.tampered(["wires:7"])
    assert not gate.is_lent(LEASE)
    assert "cannot be kept over a restart" in caplog.text


def test_the_wall_clock_neither_ends_nor_prolongs_a_lease(gate: Keeping) -> None:
    assert gate.is_lent(LEASE)
    for moved in (timedelta(days=400), timedelta(days=-400)):
        gate.wall = NOW + moved
        gate.keeper.drop_ended_leases()
        assert gate.service.can_recognise("anna")
    gate.wall = NOW
    gate.boot_seconds += MAX_LEASE_SECONDS
    assert not gate.service.can_recognise("anna")


def test_a_lease_of_more_than_72_hours_is_refused_and_the_others_are_held(
    gate: Keeping, caplog: pytest.LogCaptureFixture
) -> None:
    too_long = FaceLease(person_id="bo", consent_id="c", share=b"t" * 32, seconds=MAX_LEASE_SECONDS + 1)
    with caplog.at_level(logging.ERROR):
        assert gate.is_lent(too_long, LEASE)
    assert "72 hours are the most" in caplog.text


@pytest.mark.parametrize("until", [1000.0 + MAX_LEASE_SECONDS + 1, float("inf"), float("nan")])
def test_what_holds_the_leases_refuses_too_long_a_one_and_overwrites_what_came(until: float) -> None:
    held = HeldLeases(lambda: 1000.0)
    good, bad = Lease("c", bytearray(b"g" * 32), 2000.0), Lease("c", bytearray(b"b" * 32), until)
    kept = Lease("c", bytearray(b"k" * 32), 2000.0)
    held.replace_all({"anna": kept})
    with pytest.raises(BadFaceSetting, match="more than 72 hours"):
        held.replace_all({"anna": kept, "bo": good, "chen": bad})
    assert (good.share, bad.share) == (bytes(32), bytes(32))
    assert held.live("anna", "c") is kept
    assert kept.share == b"k" * 32


def test_a_lease_of_72_hours_is_held_also_where_their_sum_is_rounded_up() -> None:
    boot_seconds = 9000.00274
    assert boot_seconds + MAX_LEASE_SECONDS - boot_seconds > MAX_LEASE_SECONDS
    held = HeldLeases(lambda: boot_seconds)
    lease = Lease("c", bytearray(b"k" * 32), boot_seconds + MAX_LEASE_SECONDS)
    held.replace_all({"anna": lease})
    assert held.live("anna", "c") is lease


def test_a_share_is_overwritten_when_its_time_is_up_without_a_request(gate: Keeping) -> None:
    lease = Lease("consent-1", bytearray(b"s" * 32), gate.boot_seconds + 60)
    gate.service.set_leases({"anna": lease})
    gate.boot_seconds += 59
    gate.keeper.drop_ended_leases()
    assert lease.share == b"s" * 32
    gate.boot_seconds += 1
    gate.keeper.drop_ended_leases()
    assert lease.share == bytes(32)


# -- taken back while leases come ------------------------------------------------------------------


class InterruptedStore(PolicyStore):
    """A store whose next reader of withdrawals is overtaken by one, made in another thread."""

    is_waiting = False
    noted = threading.Event()
    thread = threading.Thread()

    def overtake_with(self, withdraw: Callable[[], None]) -> None:
        self.noted, self.thread = threading.Event(), threading.Thread(target=withdraw)
        self.is_waiting = True

    def withdraw_face(self, consent_id: str, person_id: str) -> None:
        super().withdraw_face(consent_id, person_id)
        self.noted.set()

    def withdrawn_faces(self) -> frozenset[str]:
        seen = super().withdrawn_faces()
        if self.is_waiting:
            self.is_waiting = False
            self.thread.start()
            self.noted.wait(10)
            # Where nothing holds it back it is through now; held back, it goes on when the leases are set.
            self.thread.join(1)
        return seen


def test_a_withdrawal_between_reading_and_setting_leaves_no_lease(gate: Keeping) -> None:
    gate.store.close()
    store = InterruptedStore(gate.folder / "policy.sqlite3", gate.identity, NOW)
    gate.store = store
    gate.start()
    store.overtake_with(lambda: gate.keeper.withdraw("anna", "consent-1"))
    gate.keeper.take_leases([LEASE], gate.boot_seconds)
    store.thread.join(10)
    gate.blobs.save(FaceBlob("anna", "consent-1", "yunet-sface", b"n" * 12, b"sealed", "look-2"))
    assert not gate.service.can_recognise("anna")
    assert list(gate.journal.unsent_receipts()) == ["consent-1"]


def test_a_template_that_lies_here_after_its_consent_was_taken_back_is_deleted(gate: Keeping) -> None:
    gate.keeper.withdraw("anna", "consent-1")
    gate.blobs.save(FaceBlob("anna", "consent-1", "yunet-sface", b"n" * 12, b"sealed", "look-3"))
    gate.blobs.save(FaceBlob("bo", "consent-2", "yunet-sface", b"n" * 12, b"sealed", "look-4"))
    assert gate.keeper.settle({}) == 1
    assert gate.service.person_ids() == ("bo",)
    receipt, _signature = gate.journal.unsent_receipts()["consent-1"]
    assert msgspec.json.decode(receipt, type=ForgetReceipt).blob_found


def test_a_withdrawal_keeps_no_lease_from_others(gate: Keeping) -> None:
    gate.blobs.save(FaceBlob("bo", "consent-2", "yunet-sface", b"n" * 12, b"sealed", "look-2"))
    gate.keeper.withdraw("anna", "consent-1")
    of_bo = msgspec.structs.replace(LEASE, person_id="bo", consent_id="consent-2")
    assert not gate.is_lent(LEASE, of_bo)
    assert gate.service.can_recognise("bo")


def test_a_withdrawal_that_cannot_be_overwritten_yet_is_carried_out_with_the_next_policy(
    gate: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_blobs: SqliteFaceBlobs) -> None:
        raise FaceError("another connection is reading the file")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(SqliteFaceBlobs, "wipe", busy)
        gate.keeper.withdraw("anna", "consent-1")
    assert gate.store.withdrawn_faces() == {"consent-1"}
    assert gate.store.ended_faces() == {"consent-1": "anna"}
    assert gate.receipts() == {}
    gate.start()
    gate.keeper.settle({})
    assert list(gate.receipts()) == ["consent-1"]
    assert gate.store.ended_faces() == {}


# -- ended by the office ---------------------------------------------------------------------------


def test_a_face_that_the_policy_names_no_more_is_forgotten_with_a_receipt_and_an_entry(gate: Keeping) -> None:
    gate.blobs.save(FaceBlob("bo", "consent-2", "yunet-sface", b"n" * 12, b"sealed", "look-2"))
    gate.policy_names(1, anna="consent-1", bo="consent-2")
    assert gate.keeper.settle(gate.policy_names(2, bo="consent-2")) == 1
    assert gate.service.person_ids() == ("bo",)
    assert gate.receipts() == {"consent-1": True}
    entries = [one for one in gate.journal.entries_after(0, 100) if one.kind == "face_forgotten"]
    assert [(dict(one.facts), dict(one.personal or {})) for one in entries] == [
        ({"blob_found": True}, {"person_id": "anna", "consent_id": "consent-1"})
    ]
    assert gate.keeper.settle(gate.policy_names(3, bo="consent-2")) == 0, "once"


def test_a_consent_that_the_policy_names_again_before_its_face_was_forgotten_keeps_it(gate: Keeping) -> None:
    for version, consents in enumerate(({"anna": "consent-1"}, {}, {"anna": "consent-1"}), 1):
        roster = gate.policy_names(version, **consents)
    assert gate.store.ended_faces() == {"consent-1": "anna"}
    gate.keeper.settle(roster)
    assert gate.service.person_ids() == ("anna",)
    assert (gate.receipts(), gate.store.ended_faces()) == ({}, {})


def test_the_end_of_an_older_consent_leaves_the_face_of_a_newer_one(gate: Keeping) -> None:
    gate.policy_names(1, anna="consent-0")
    roster = gate.policy_names(2, anna="consent-1")
    assert gate.keeper.settle(roster) == 1
    assert gate.service.person_ids() == ("anna",)
    assert gate.receipts() == {"consent-0": False}


def test_a_gate_without_a_face_service_signs_that_it_has_nothing(gate: Keeping) -> None:
    keeper = gate.keeper_of(None)
    both = gate.policy_names(1, anna="consent-1", bo="consent-2")
    keeper.withdraw("bo", "consent-2")
    assert keeper.settle(both) == 0, "the receipt of a withdrawal is kept already"
    assert keeper.settle(gate.policy_names(2)) == 1
    assert gate.receipts() == {"consent-1": False, "consent-2": False}
