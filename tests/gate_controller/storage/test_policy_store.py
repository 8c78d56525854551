"""The last good policy: taken whole or left as it was, over restarts and damage."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate_controller.contract.messages import DigestKind, PolicyChange, SignedPolicyManifest
from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    FaceRecord,
    Method,
    PolicyRefused,
    encode_record,
)
from gate_controller.contract.signing import (
    KEY_ROLES,
    KeyCertificate,
    KeyRole,
    SignatureRefused,
    certify,
    public_bytes,
)
from gate_controller.storage.policy_store import COUNTER_BLOCK, TOMBSTONES_KEPT, GateIdentity, PolicyStore
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.site_keys import SiteKeys, encoded

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SITE = SiteKeys.make()
GATE = GateIdentity(SITE.site_id, "north", public_bytes(SITE.root))
WHOLE = encoded(records(person(), card(7, b"c" * 32)))
FACE = FaceRecord("00000000000000a1", "consent-1", "yunet")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[PolicyStore]:
    opened = PolicyStore(path, GATE, NOW)
    yield opened
    opened.close()


def signed(
    whole: dict[str, bytes],
    version: int,
    *,
    epoch: int = 1,
    minutes: int = 0,
    site: SiteKeys = SITE,
    gate: str = "north",
    kind: DigestKind = "sha256",
) -> tuple[SignedPolicyManifest, PolicyChange]:
    return site.signed_policy(
        whole,
        gate_id=gate,
        epoch=epoch,
        version=version,
        issued_at=NOW + timedelta(minutes=minutes),
        kind=kind,
    )


def delta(base: tuple[int, int], old: dict[str, bytes], new: dict[str, bytes]) -> PolicyChange:
    return PolicyChange(
        base_epoch=base[0],
        base_version=base[1],
        puts={key: msgspec.Raw(value) for key, value in new.items() if old.get(key) != value},
        deletes=tuple(key for key in old if key not in new),
    )


def ended(whole: dict[str, bytes], credential_id: str = "card-1") -> dict[str, bytes]:
    gone = CardCredential(credential_id, "00000000000000a1", CredentialState.ENDED, tag=b"t" * 32)
    return {**whole, f"credential:{credential_id}": encode_record(gone)}


def test_a_gate_starts_with_no_policy_and_keeps_the_one_it_takes(path: Path, store: PolicyStore) -> None:
    assert (store.have, store.issued_at, store.load()) == ((0, 0), None, None)
    taken = store.take(*signed(WHOLE, 3), NOW)
    store.close()
    again = PolicyStore(path, GATE, NOW)
    assert again.have == (1, 3)
    assert again.load() == taken
    again.close()


FORK = {**WHOLE, **encoded({"person:00000000000000a2": person("00000000000000a2")})}
FACE_ONLY = {**WHOLE, **encoded({"lane:north-in": lane(methods=(Method.FACE,))})}
ODD = {**WHOLE, "person:x": b'{"person_id":"x"}'}
LATER = {**WHOLE, "lift:1": b'{"number":1}'}


def test_a_record_of_a_later_version_is_kept_as_it_came_and_named_after_a_restart(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path / "policy.sqlite3", GATE, NOW)
    taken = store.take(*signed(LATER, 5), NOW)
    assert (store.have, set(store.unread)) == ((1, 5), {"lift:1"})
    store.close()
    again = PolicyStore(tmp_path / "policy.sqlite3", GATE, NOW)
    assert again.load() == taken
    assert set(again.unread) == {"lift:1"}
    assert again.take(*signed(WHOLE, 6), NOW) is not None
    assert again.unread == {}
    again.close()


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (lambda: signed(FORK, 1), "older"),
        (lambda: signed(FORK, 9, epoch=0), "older"),
        (lambda: signed(FORK, 6, gate="south"), "gate"),
        (lambda: signed(FORK, 6, site=SiteKeys.make()), "signature"),
        (lambda: signed(FORK, 6, site=SiteKeys.make("site-2")), "signature"),
        (lambda: (signed(WHOLE, 6)[0], signed(FORK, 6)[1]), "add up"),
        (lambda: (signed(WHOLE, 6, kind="lthash16")[0], signed(FORK, 6)[1]), "add up"),
        (lambda: (signed(WHOLE, 6, kind="lthash16")[0], delta((1, 5), WHOLE, FORK)), "add up"),
        (lambda: signed(FORK, 5, kind="lthash16"), "add up"),
        (lambda: (signed(FORK, 5, kind="lthash16")[0], None), "add up"),
        (lambda: signed(FACE_ONLY, 6), "promise 1"),
        (lambda: signed(ODD, 6), "person:x"),
        (lambda: (signed(FORK, 6)[0], delta((1, 4), WHOLE, FORK)), "does not have"),
        (lambda: (signed(FORK, 6)[0], None), "without its change"),
        (lambda: signed(FORK, 5), "another digest"),
        (lambda: (signed(FORK, 5)[0], None), "another digest"),
        (lambda: signed(WHOLE, 5, minutes=-1), "issued before"),
        (lambda: (replaced_signature(), signed(FORK, 6)[1]), "signature"),
        (lambda: (with_certificate("order"), signed(FORK, 6)[1]), "signature"),
    ],
)
def test_what_is_refused_leaves_the_last_good_policy(store: PolicyStore, offer: Callable, words: str) -> None:
    good = store.take(*signed(WHOLE, 5), NOW)
    with pytest.raises(PolicyRefused, match=words):
        store.take(*offer(), NOW)
    assert store.have == (1, 5)
    assert store.load() == good
    assert store.tombstones() == ()


def replaced_signature() -> SignedPolicyManifest:
    manifest = signed(FORK, 6)[0]
    return msgspec.structs.replace(manifest, signature=bytes(64))


def with_certificate(role: str) -> SignedPolicyManifest:
    manifest = signed(FORK, 6)[0]
    return msgspec.structs.replace(manifest, certificate=SITE.certificates[role])


def test_a_fresh_manifest_alone_makes_the_policy_younger_also_after_a_restart(
    path: Path, store: PolicyStore
) -> None:
    store.take(*signed(WHOLE, 5), NOW)
    manifest, _ = signed(WHOLE, 5, minutes=7)
    assert store.take(manifest, None, NOW) is None
    assert store.issued_at == NOW + timedelta(minutes=7)
    store.close()
    again = PolicyStore(path, GATE, NOW)
    assert again.issued_at == NOW + timedelta(minutes=7)
    again.close()


def test_a_newer_version_is_taken_though_the_servers_clock_went_back(store: PolicyStore) -> None:
    """Else a server whose clock was ahead once could send no lockdown until that hour comes."""
    store.take(*signed(WHOLE, 5, minutes=60 * 24 * 365), NOW)
    assert store.take(*signed(FORK, 6), NOW) is not None


def test_a_raised_epoch_goes_before_any_version(store: PolicyStore) -> None:
    store.take(*signed(WHOLE, 500), NOW)
    assert store.take(*signed(FORK, 1, epoch=2), NOW) is not None
    assert store.have == (2, 1)
    with pytest.raises(PolicyRefused, match="older"):
        store.take(*signed(WHOLE, 501), NOW)


PEOPLE = [f"person:{n:016x}" for n in range(4)]
KINDS = st.sampled_from(["sha256", "lthash16"])
SETS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(PEOPLE), st.booleans()), KINDS, KINDS, st.booleans()),
    min_size=2,
    max_size=5,
)


@pytest.mark.wide
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SETS)
def test_a_chain_of_deltas_makes_the_same_policy_as_the_whole(
    tmp_path: Path, steps: list[tuple[dict[str, bool], DigestKind, DigestKind, bool]]
) -> None:
    """Whichever kind of digest the server signs, also another one for the same version; over restarts."""
    file = tmp_path / "chain.sqlite3"
    file.unlink(missing_ok=True)
    store = PolicyStore(file, GATE, NOW)
    old: dict[str, bytes] = {}
    for version, (step, kind, then, is_restarted) in enumerate(steps, 1):
        people = {
            key: encode_record(person(key.partition(":")[2], suspended=off)) for key, off in step.items()
        }
        new = {**WHOLE, **people}
        manifest, _ = signed(new, version, kind=kind)
        got = store.take(manifest, delta(store.have, old, new), NOW)
        assert got == compile_policy(new, epoch=1, version=version, issued_at=NOW)
        assert store.take(signed(new, version, kind=then)[0], None, NOW) is None
        for _ in range(is_restarted):
            store.close()
            store = PolicyStore(file, GATE, NOW)
            assert store.load() == got
        old = new
    assert store.load() == got
    store.close()


def person_gone(store: PolicyStore, version: int, kind: DigestKind = "lthash16") -> None:
    """Offer the version after WHOLE in which the person is no more."""
    manifest, _ = signed(NO_ONE, version, kind=kind)
    store.take(manifest, delta(store.have, WHOLE, NO_ONE), NOW)


NO_ONE = {key: value for key, value in WHOLE.items() if key.partition(":")[0] not in ("person", "credential")}


@pytest.mark.parametrize("kind", ["sha256", "lthash16"])
def test_a_file_that_is_changed_while_the_gate_runs_changes_no_policy(
    path: Path, store: PolicyStore, kind: DigestKind
) -> None:
    """What was added up once is not read again; the next start adds up what lies there."""
    store.take(*signed(WHOLE, 1, kind=kind), NOW)
    with sqlite3.connect(path) as outside:
        name = encode_record(lane(name="x"))
        outside.execute("UPDATE record SET value = ? WHERE key = 'lane:north-in'", (name,))
    outside.close()
    manifest, _ = signed(FORK, 2, kind=kind)
    taken = store.take(manifest, delta((1, 1), WHOLE, FORK), NOW)
    assert taken == compile_policy(FORK, epoch=1, version=2, issued_at=NOW)
    store.close()
    again = PolicyStore(path, GATE, NOW)
    with pytest.raises(PolicyRefused, match="add up"):
        again.load()
    again.close()


def test_a_gate_that_lost_what_it_held_in_memory_adds_up_what_lies_on_the_disk(
    path: Path, store: PolicyStore
) -> None:
    store.take(*signed(WHOLE, 1, kind="lthash16"), NOW)
    store.close()
    again = PolicyStore(path, GATE, NOW)
    person_gone(again, 2)
    assert again.have == (1, 2)
    again.close()
    with sqlite3.connect(path) as outside:
        outside.execute("DELETE FROM record WHERE key = 'site'")
    outside.close()
    damaged = PolicyStore(path, GATE, NOW)
    with pytest.raises(PolicyRefused, match="add up"):
        damaged.take(signed(WHOLE, 3, kind="lthash16")[0], delta((1, 2), NO_ONE, WHOLE), NOW)
    assert damaged.have == (1, 2)
    damaged.close()


def test_sums_that_do_not_add_up_are_not_asked_for_again_before_a_restart(
    path: Path, store: PolicyStore
) -> None:
    """A server whose sums are wrong has its policy taken by the other kind of digest."""
    store.take(*signed(WHOLE, 1, kind="lthash16"), NOW)
    assert store.takes_sums
    with pytest.raises(PolicyRefused, match="add up"):
        store.take(signed(FORK, 2, kind="lthash16")[0], delta((1, 1), WHOLE, NO_ONE), NOW)
    assert not store.takes_sums
    person_gone(store, 2, "sha256")
    assert (store.have, store.takes_sums) == ((1, 2), False)
    store.close()
    again = PolicyStore(path, GATE, NOW)
    assert again.takes_sums
    again.close()


def test_a_whole_that_does_not_add_up_by_the_older_digest_leaves_sums_as_they_were(
    store: PolicyStore,
) -> None:
    store.take(*signed(WHOLE, 1), NOW)
    with pytest.raises(PolicyRefused, match="add up"):
        store.take(signed(WHOLE, 2)[0], signed(FORK, 2)[1], NOW)
    assert store.takes_sums


def test_a_face_taken_back_at_this_gate_counts_in_no_policy_until_the_office_ends_it(
    path: Path, store: PolicyStore
) -> None:
    """Not after a restart, nor in a later policy, and one of another consent counts as before."""
    faces = {name: FaceRecord(name, f"consent-of-{name}", "engine") for name in ("anna", "bo")}
    agreed = {**WHOLE, **encoded({f"face:{name}": face for name, face in faces.items()})}
    store.take(*signed(agreed, 1), NOW)
    store.withdraw_face("consent-of-anna", "anna")
    store.close()
    for version in (2, 3):
        again = PolicyStore(path, GATE, NOW)
        loaded = again.load()
        assert loaded is not None
        assert loaded.face_roster == {"bo": faces["bo"]}
        assert again.withdrawn_faces() == {"consent-of-anna"}
        assert again.ended_faces() == {"consent-of-anna": "anna"}, "its receipt is owed until it is kept"
        taken = again.take(*signed({**agreed, **FORK}, version), NOW)
        assert taken is not None
        assert taken.face_roster == {"bo": faces["bo"]}
        again.close()
    again = PolicyStore(path, GATE, NOW)
    again.take(*signed({key: value for key, value in agreed.items() if key != "face:anna"}, 4), NOW)
    assert again.withdrawn_faces() == frozenset()
    again.close()


def test_what_ends_leaves_a_tombstone_that_outlives_its_record(path: Path, store: PolicyStore) -> None:
    store.take(*signed(WHOLE, 1), NOW)
    manifest, _ = signed(ended(WHOLE), 2)
    store.take(manifest, delta((1, 1), WHOLE, ended(WHOLE)), NOW)
    without = {key: value for key, value in WHOLE.items() if not key.startswith("credential:")}
    store.take(*signed(without, 3), NOW + timedelta(days=1))
    stones = store.tombstones()
    assert [(stone.record_key, stone.ended_at, stone.version) for stone in stones] == [
        ("credential:card-1", NOW, 2)
    ]
    store.forget_policy()
    assert store.tombstones() == stones


def test_a_tombstone_goes_after_sixty_days_of_the_server_and_a_younger_one_stays(store: PolicyStore) -> None:
    day, kept_minutes = 24 * 60, TOMBSTONES_KEPT // timedelta(minutes=1)
    both = ended(ended(WHOLE), "card-2")
    store.take(*signed(ended(WHOLE), 1), NOW)
    manifest, _ = signed(both, 2, minutes=day)
    store.take(manifest, delta((1, 1), ended(WHOLE), both), NOW + timedelta(days=1))

    def kept(version: int, minutes: int, gate_time: datetime) -> list[str]:
        manifest, _ = signed(both, version, minutes=minutes)
        store.take(manifest, delta(store.have, both, both), gate_time)
        return sorted(stone.record_key for stone in store.tombstones())

    all_kept = ["credential:card-1", "credential:card-2"]
    assert kept(3, day, NOW + timedelta(days=9_000)) == all_kept, "a gate's clock that is ahead dropped one"
    assert kept(4, kept_minutes, NOW) == all_kept
    assert kept(5, kept_minutes + 1, NOW) == ["credential:card-2"]
    assert kept(6, kept_minutes + day + 1, NOW) == []


def test_a_gate_whose_clock_is_behind_keeps_the_tombstone_that_it_writes(store: PolicyStore) -> None:
    store.take(*signed(ended(WHOLE), 1), NOW - timedelta(days=4_000))
    assert [stone.ended_at for stone in store.tombstones()] == [NOW]


@pytest.mark.parametrize("newer", [None, FaceRecord("00000000000000a1", "consent-2", "yunet")])
def test_a_face_whose_consent_is_gone_or_another_is_noted_once(
    store: PolicyStore, newer: FaceRecord | None
) -> None:
    key = "face:00000000000000a1"
    store.take(*signed({**WHOLE, key: encode_record(FACE)}, 1), NOW)
    assert store.ended_faces() == {}
    after = {**WHOLE, **({key: encode_record(newer)} if newer is not None else {})}
    store.take(*signed(after, 2), NOW)
    assert store.ended_faces() == {"consent-1": "00000000000000a1"}
    store.ended_face_done("consent-1")
    assert store.ended_faces() == {}


def test_a_policy_that_is_dropped_still_owes_receipts_for_its_faces(store: PolicyStore) -> None:
    """A consent that ends while the gate has no policy must still be forgotten with a receipt."""
    store.take(*signed({**WHOLE, "face:00000000000000a1": encode_record(FACE)}, 1), NOW)
    store.forget_policy()
    assert store.have == (0, 0)
    assert store.ended_faces() == {"consent-1": "00000000000000a1"}


def test_counters_only_grow_over_restarts_and_crashes(path: Path, store: PolicyStore) -> None:
    seen = [store.next_counter() for _ in range(COUNTER_BLOCK + 3)]
    crashed = sqlite3.connect(path)  # what a crash leaves: the file without a close
    reserved = int(crashed.execute("SELECT value FROM state WHERE name = 'counter'").fetchone()[0])
    crashed.close()
    assert reserved >= seen[-1]
    store.close()
    again = PolicyStore(path, GATE, NOW)
    assert seen == sorted(set(seen))
    assert again.next_counter() > seen[-1]
    again.close()


@pytest.mark.parametrize("kind", ["sha256", "lthash16"])
def test_a_stored_policy_that_was_changed_from_outside_is_refused(
    path: Path, store: PolicyStore, kind: DigestKind
) -> None:
    store.take(*signed(WHOLE, 1, kind=kind), NOW)
    store.close()
    with sqlite3.connect(path) as outside:
        outside.execute(
            "UPDATE record SET value = ? WHERE key = 'lane:north-in'", (encode_record(lane(name="x")),)
        )
    outside.close()
    again = PolicyStore(path, GATE, NOW)
    with pytest.raises(PolicyRefused, match="add up"):
        again.load()
    again.close()


@pytest.mark.parametrize("manifest", [b"{", b"{}", b"\xff\xfe"])
def test_a_stored_manifest_that_cannot_be_read_means_no_policy(
    path: Path, store: PolicyStore, manifest: bytes
) -> None:
    store.take(*signed(WHOLE, 1), NOW)
    store.close()
    with sqlite3.connect(path) as outside:
        outside.execute("UPDATE state SET value = ? WHERE name = 'manifest'", (manifest,))
    outside.close()
    again = PolicyStore(path, GATE, NOW)
    assert (again.have, again.load()) == ((0, 0), None)
    again.close()


def test_a_gate_paired_with_another_site_starts_with_no_policy(path: Path, store: PolicyStore) -> None:
    store.take(*signed(WHOLE, 1), NOW)
    store.close()
    other = PolicyStore(path, replace(GATE, root_public_key=bytes(32)), NOW)
    assert other.load() is None
    other.close()


def test_a_damaged_file_is_set_aside_and_what_can_be_read_carried_over(
    path: Path, store: PolicyStore
) -> None:
    store.take(*signed(ended(WHOLE), 1), NOW)
    before = store.next_counter()
    store.close()
    damage_pages_of(path, "record")
    again = PolicyStore(path, GATE, NOW)
    assert again.damaged is not None
    assert again.damaged.exists()
    assert again.load() is None
    assert again.next_counter() > before
    assert [stone.record_key for stone in again.tombstones()] == ["credential:card-1"]
    again.close()


def damage_pages_of(path: Path, table: str) -> None:
    """Overwrite the first page of a table's tree, as a worn card does."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


def test_a_credential_that_only_left_this_gate_leaves_no_tombstone(store: PolicyStore) -> None:
    """A changed grant takes records away too; a restored server must not take that for a revocation."""
    store.take(*signed(WHOLE, 1), NOW)
    store.take(*signed({key: value for key, value in WHOLE.items() if "credential" not in key}, 2), NOW)
    assert store.tombstones() == ()


@pytest.mark.parametrize("role", KEY_ROLES)
def test_a_key_that_was_replaced_is_trusted_no_more(store: PolicyStore, path: Path, role: KeyRole) -> None:
    """Once a newer certificate of a role was seen, the older one is refused, also after a restart."""
    newer = certify(
        SITE.root,
        KeyCertificate("site-1", role, public_bytes(SITE.keys["order"]), datetime(2026, 2, 1, tzinfo=UTC)),
    )
    store.trust(role, SITE.certificates[role])
    assert store.trust(role, newer) == public_bytes(SITE.keys["order"])
    with pytest.raises(SignatureRefused, match="replaced"):
        store.trust(role, SITE.certificates[role])
    store.close()
    again = PolicyStore(path, GATE, NOW)
    with pytest.raises(SignatureRefused, match="replaced"):
        again.trust(role, SITE.certificates[role])
    again.close()
