"""Store the last good policy: verify it whole, then replace it whole, or keep the old one."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gate_controller.contract.messages import (
    MAX_EPOCH_STEP,
    HandoverPage,
    PolicyChange,
    PolicyManifest,
    SignedPolicyManifest,
    Tombstone,
    open_manifest,
    record_digest,
)
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import FaceRecord, PolicyRefused, decode_record
from gate_controller.contract.signing import KeyRole, SignatureRefused, SignedCertificate, open_certificate
from gate_controller.storage import handover, reserve
from gate_controller.storage.database import open_database, salvage_rows, transaction
from gate_controller.storage.endings import ended_faces, ended_keys
from gate_controller.storage.held_records import HeldRecords, NotAddedUp, added_up

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tombstone (record_key TEXT PRIMARY KEY, tombstone BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ended_face (consent_id TEXT PRIMARY KEY, person_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS withdrawn_face (consent_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
COUNTER_BLOCK = 64
RESERVE_PIECES = 4
TOMBSTONES_KEPT = timedelta(days=60)
"""Longer than backups are kept (30 days), and as long as the server publishes ended credentials."""


@dataclass(frozen=True, slots=True)
class GateIdentity:
    """The ids of this gate, and the root key that it trusts."""

    site_id: str
    gate_id: str
    root_public_key: bytes


class PolicyStore:
    """The policy file of one gate; safe to call from several threads."""

    def __init__(self, path: Path, identity: GateIdentity, now: datetime) -> None:
        """Open the file; a damaged one is set aside and the server asked for the whole policy."""
        self._lock = threading.Lock()
        self.identity = identity
        self._connection, self.damaged = open_database(path, SCHEMA + reserve.SCHEMA, now)
        if self.damaged is not None:
            self._salvage(self.damaged)
        self._reserved = int(self._state("counter") or b"0")
        self._counter = self._reserved
        self._manifest = self._stored_manifest()
        self.unread: Mapping[str, str] = {}
        """Records of the policy held that a later version wrote."""
        self._held: HeldRecords | None = None
        self.takes_sums = True
        """True while sums of records have added up; else the server is asked for the older digest."""

    def _stored_manifest(self) -> PolicyManifest | None:
        signed = self._state("manifest")
        if signed is None:
            return None
        try:
            return self._check(msgspec.json.decode(signed, type=SignedPolicyManifest))
        except (PolicyRefused, msgspec.MsgspecError, ValueError) as err:
            # The gate was paired again, or the file was changed from outside: shut until the server sends.
            log.error("the stored policy is refused and asked for again: %s", err)
            self.forget_policy()
            return None

    def _salvage(self, damaged: Path) -> None:
        """Carry over what the server cannot send again: the request counter, tombstones, ended faces."""
        counters = [row for row in salvage_rows(damaged, "state") if row[0] == "counter"]
        with transaction(self._connection):
            self._connection.executemany("INSERT OR IGNORE INTO state VALUES (?, ?)", counters)
            for table, marks in (("tombstone", "?, ?"), ("ended_face", "?, ?"), ("withdrawn_face", "?")):
                self._connection.executemany(
                    f"INSERT OR IGNORE INTO {table} VALUES ({marks})",  # noqa: S608 - tables of our own
                    salvage_rows(damaged, table),
                )
            self._end_all_faces(salvage_rows(damaged, "record"))

    def _check(self, signed: SignedPolicyManifest) -> PolicyManifest:
        return open_manifest(
            signed,
            self.identity.root_public_key,
            site_id=self.identity.site_id,
            gate_id=self.identity.gate_id,
        )

    @property
    def have(self) -> tuple[int, int]:
        """Return the epoch and version of the policy held; 0.0 for none."""
        manifest = self._manifest
        return (manifest.epoch, manifest.version) if manifest else (0, 0)

    @property
    def issued_at(self) -> datetime | None:
        """Return when the server last confirmed the policy held."""
        return self._manifest.issued_at if self._manifest else None

    def load(self) -> PolicySnapshot | None:
        """Return the stored policy; raise PolicyRefused when the file no longer fits its signature."""
        with self._lock:
            manifest = self._manifest
            if manifest is None:
                return None
            held = added_up(self._stored_records(), manifest)
            snapshot = _compiled(held, manifest)
            self._held, self.unread = held, snapshot.unread
        return _without_withdrawn(snapshot, self.withdrawn_faces())

    def take(
        self, signed: SignedPolicyManifest, change: PolicyChange | None, now: datetime
    ) -> PolicySnapshot | None:
        """Take a fresh manifest and, when there is one, the change that leads to it.

        Return the new policy, or None when only its freshness changed. Raise PolicyRefused, with
        nothing changed, on a wrong signature or gate, an older version, a change that does not start
        from what this gate has, a digest that does not fit, or a broken promise 1.
        """
        manifest = self._check(signed)
        try:
            self.trust("policy", signed.certificate)
        except SignatureRefused as err:
            raise PolicyRefused(f"the policy's signature: {err}") from err
        offered = (manifest.epoch, manifest.version)
        if offered < self.have:
            raise PolicyRefused(f"policy {offered} is older than {self.have}, which this gate has")
        if self.have != (0, 0) and manifest.epoch - self.have[0] > MAX_EPOCH_STEP:
            raise PolicyRefused(
                f"epoch {manifest.epoch} came after epoch {self.have[0]} of this gate: a restore adds one, "
                f"and more than {MAX_EPOCH_STEP} at once are refused; look after the server"
            )
        with self._lock:
            try:
                if self._manifest is not None and offered == self.have:
                    self._check_same_version(self._manifest, manifest)
                if change is None:
                    self._take_freshness(signed, manifest)
                    return None
                return self._take_change(signed, manifest, change, now)
            except NotAddedUp:
                # Where the fault is does not show: all is read and added up again before the next change.
                self._held, self.takes_sums = None, self.takes_sums and manifest.digest_kind != "lthash16"
                raise

    def _check_same_version(self, held: PolicyManifest, manifest: PolicyManifest) -> None:
        """Raise PolicyRefused where the version held came with other records, or with an older date.

        The other kind of digest comes when this program, or the server's, has changed.
        """
        if manifest.digest_kind != held.digest_kind:
            self._held = added_up(self._records_held(held).records, manifest)
        elif manifest.digest != held.digest:
            raise PolicyRefused("the same version came with another digest")
        if manifest.issued_at < held.issued_at:
            raise PolicyRefused("the policy was issued before the one this gate has")

    def _records_held(self, manifest: PolicyManifest) -> HeldRecords:
        if self._held is None:
            self._held = added_up(self._stored_records(), manifest)
        return self._held

    def _stored_records(self) -> dict[str, bytes]:
        rows = self._connection.execute("SELECT key, value FROM record")
        return {key: bytes(value) for key, value in rows}

    def _take_freshness(self, signed: SignedPolicyManifest, manifest: PolicyManifest) -> None:
        if self._manifest is None or (manifest.epoch, manifest.version) != self.have:
            raise PolicyRefused("a new version came without its change")
        reserve.write(self._connection, lambda: self._put_state("manifest", msgspec.json.encode(signed)))
        self._manifest = manifest

    def _take_change(
        self, signed: SignedPolicyManifest, manifest: PolicyManifest, change: PolicyChange, now: datetime
    ) -> PolicySnapshot:
        whole = (change.base_epoch, change.base_version) == (0, 0)
        if not whole and (change.base_epoch, change.base_version) != self.have:
            raise PolicyRefused("the change starts from a version this gate does not have")
        if whole or self._manifest is None:
            old = self._stored_records() if self._held is None else self._held.records
            held = added_up(change.puts, manifest)
        else:
            before = self._records_held(self._manifest)
            old, held = before.records, before.after(change, manifest)
        records = held.records
        snapshot = _compiled(held, manifest)

        def write() -> frozenset[str]:
            self._write(records, change, whole=whole)
            # A clock that is behind would date it so far back that it goes at once.
            ended_at = max(now, manifest.issued_at)
            for key in ended_keys(change.puts):
                stone = Tombstone(
                    record_key=key, ended_at=ended_at, epoch=manifest.epoch, version=manifest.version
                )
                self._connection.execute(
                    "INSERT OR IGNORE INTO tombstone VALUES (?, ?)", (key, msgspec.json.encode(stone))
                )
            withdrawn = self._withdrawn()
            for face in ended_faces(old, records):
                if face.consent_id not in withdrawn:
                    self._note_ended(face)
            for consent_id in withdrawn - {face.consent_id for face in snapshot.face_roster.values()}:
                # The office has ended it too: there is nothing left to hold back.
                self._connection.execute("DELETE FROM withdrawn_face WHERE consent_id = ?", (consent_id,))
            self._drop_old_tombstones(manifest.issued_at)
            self._put_state("manifest", msgspec.json.encode(signed))
            return withdrawn

        withdrawn = reserve.write(self._connection, write)
        self._manifest, self._held = manifest, held
        self.unread = snapshot.unread
        return _without_withdrawn(snapshot, withdrawn)

    def _write(self, records: Mapping[str, bytes], change: PolicyChange, *, whole: bool) -> None:
        if whole:
            self._connection.execute("DELETE FROM record")
        gone = [(key,) for key in change.deletes if key not in records]
        self._connection.executemany("DELETE FROM record WHERE key = ?", gone)
        self._connection.executemany(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
            ((key, records[key], record_digest(records[key])) for key in change.puts),
        )

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Return everything this gate knows to have ended."""
        with self._lock:
            rows = self._connection.execute("SELECT tombstone FROM tombstone").fetchall()
        return tuple(msgspec.json.decode(row[0], type=Tombstone) for row in rows)

    def _drop_old_tombstones(self, now: datetime) -> None:
        """Drop what no backup can bring back; `now` is the server's, so that a wrong clock drops nothing."""
        before = msgspec.json.decode(msgspec.json.encode(now - TOMBSTONES_KEPT), type=str)
        self._connection.execute(
            "DELETE FROM tombstone WHERE json_extract(CAST(tombstone AS TEXT), '$.ended_at') < ?", (before,)
        )

    def handover_page(self, after: str) -> HandoverPage:
        """Return the part of all this gate holds that follows a cursor, for a restored server."""
        with self._lock:
            signed = self._state("manifest") if self._manifest is not None else None
            rows = handover.rows_after(self._connection, after, with_records=signed is not None)
        return handover.page_of(signed, after, rows)

    def forget_policy(self) -> None:
        """Drop the stored records, so that the server is asked for the whole policy; tombstones stay.

        Every face is noted as ended: `FaceKeeper.settle` keeps those that the next policy still has.
        """
        with self._lock, transaction(self._connection):
            self._end_all_faces(self._connection.execute("SELECT * FROM record").fetchall())
            self._connection.execute("DELETE FROM record")
            self._connection.execute("DELETE FROM state WHERE name = 'manifest'")
        self._manifest = self._held = None

    def _end_all_faces(self, rows: list[tuple[object, ...]]) -> None:
        for key, value, *_ in rows:
            if not isinstance(key, str) or not isinstance(value, bytes) or not key.startswith("face:"):
                continue
            try:
                face = decode_record(key, value)
            except PolicyRefused:
                continue
            if isinstance(face, FaceRecord):
                self._note_ended(face)

    def _note_ended(self, face: FaceRecord) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO ended_face VALUES (?, ?)", (face.consent_id, face.person_id)
        )

    def ended_faces(self) -> Mapping[str, str]:
        """Return consents that ended and still await a receipt, with their persons."""
        with self._lock:
            return dict(self._connection.execute("SELECT consent_id, person_id FROM ended_face").fetchall())

    def withdraw_face(self, consent_id: str, person_id: str) -> None:
        """Note that a consent was withdrawn at this gate: it no longer counts in any policy."""
        with self._lock, transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO withdrawn_face VALUES (?)", (consent_id,))
            self._connection.execute(
                "INSERT OR IGNORE INTO ended_face VALUES (?, ?)", (consent_id, person_id)
            )

    def withdrawn_faces(self) -> frozenset[str]:
        """Return the consents withdrawn at this gate that the office may still take for live."""
        with self._lock:
            return self._withdrawn()

    def _withdrawn(self) -> frozenset[str]:
        rows = self._connection.execute("SELECT consent_id FROM withdrawn_face").fetchall()
        return frozenset(consent_id for (consent_id,) in rows)

    def ended_face_done(self, consent_id: str) -> None:
        """Note that the receipt for an ended consent is kept."""
        with self._lock, transaction(self._connection):
            self._connection.execute("DELETE FROM ended_face WHERE consent_id = ?", (consent_id,))

    def next_counter(self) -> int:
        """Return the next request counter; blocks are reserved on disk, so it grows across restarts."""
        with self._lock:
            counter = self._counter + 1
            if counter > self._reserved:
                reserved = counter + COUNTER_BLOCK
                reserve.write(self._connection, lambda: self._put_state("counter", str(reserved).encode()))
                self._reserved = reserved
            self._counter = counter
            return counter

    def trust(self, role: KeyRole, signed: SignedCertificate) -> bytes:
        """Return the key that the root certified for a role, and keep its certificate.

        Raise SignatureRefused for a certificate older than the newest seen: its key was replaced.
        """
        root, site_id = self.identity.root_public_key, self.identity.site_id
        certificate = open_certificate(root, signed, site_id, role)
        kept = self.certificate(role)
        if kept == signed:
            return certificate.public_key
        if kept is not None and certificate.issued_at < open_certificate(root, kept, site_id, role).issued_at:
            raise SignatureRefused(f"this {role} key was replaced by a newer one")
        with self._lock, transaction(self._connection):
            self._put_state(f"certificate-{role}", msgspec.json.encode(signed))
        return certificate.public_key

    def certificate(self, role: KeyRole) -> SignedCertificate | None:
        value = self._state(f"certificate-{role}")
        return msgspec.json.decode(value, type=SignedCertificate) if value else None

    def keep_room(self, *, add: bool) -> int:
        """Add one piece to the reserve if one is missing and `add`; return how many are missing then."""
        with self._lock:
            return reserve.keep(self._connection, RESERVE_PIECES, add=add)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _state(self, name: str) -> bytes | None:
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def _put_state(self, name: str, value: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def _compiled(held: HeldRecords, manifest: PolicyManifest) -> PolicySnapshot:
    return compile_policy(
        held.records, epoch=manifest.epoch, version=manifest.version, issued_at=manifest.issued_at
    )


def _without_withdrawn(snapshot: PolicySnapshot, withdrawn: frozenset[str]) -> PolicySnapshot:
    if not withdrawn:
        return snapshot
    roster = {key: face for key, face in snapshot.face_roster.items() if face.consent_id not in withdrawn}
    return replace(snapshot, face_roster=roster)
