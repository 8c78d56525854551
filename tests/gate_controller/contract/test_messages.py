"""The contract carries no picture and no template, and what a gate obeys is signed for it alone."""

import typing
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract import call_media, calls
from gate_controller.contract import messages as sync_contract
from gate_controller.contract.journal_chain import Head, JournalEntry, SignedHead
from gate_controller.contract.messages import Message, TombstoneBatch, policy_digest, record_digest
from gate_controller.contract.records import RECORD_TYPES
from gate_controller.contract.signing import (
    KEY_ROLES,
    KeyCertificate,
    PairingKeys,
    SignatureRefused,
    SignedCertificate,
    certified_key,
    certify,
    open_commitment,
    pairing_commitment,
    pairing_phrase,
    public_bytes,
    sign,
    verify,
)
from tests.support.examples import examples
from tests.support.gates.site_keys import SiteKeys

SITE = SiteKeys.make()
ROOT = public_bytes(SITE.root)
NOW = datetime(2026, 3, 4, tzinfo=UTC)
MESSAGES = [
    thing
    for module in (sync_contract, calls, call_media)
    for thing in vars(module).values()
    if isinstance(thing, type) and issubclass(thing, Message) and thing.__module__ == module.__name__
    if thing is not Message
]
RECORD_STRUCTS = [part for kind in RECORD_TYPES.values() for part in (typing.get_args(kind) or (kind,))]
KEPT_STRUCTS = [*RECORD_STRUCTS, JournalEntry, Head, SignedHead, KeyCertificate, SignedCertificate]
SIGNED_BODIES = {"manifest": 1024, "order": 1024, "receipt": 1024, "head": 400, "certificate": 400}
"""Each is refused unless it decodes into a strict struct."""


def byte_bounds(hint: object) -> typing.Iterator[int | None]:
    """Yield the most that each byte string within a type may hold; None for no bound."""
    if typing.get_origin(hint) is typing.Annotated:
        inner, *metas = typing.get_args(hint)
        yield from [metas[0].max_length] if inner is bytes else byte_bounds(inner)
    elif hint is bytes:
        yield None
    else:
        for part in typing.get_args(hint):
            yield from byte_bounds(part)


@pytest.mark.parametrize("message", [*MESSAGES, *KEPT_STRUCTS])
def test_no_field_of_any_message_could_hold_a_template(message: type) -> None:
    """A template of the default engine has 512 bytes; the JSON of a signed struct is decoded into it."""
    for name, hint in typing.get_type_hints(message, include_extras=True).items():
        for most in byte_bounds(hint):
            assert most is not None, f"{message.__name__}.{name} has no bound"
            assert most <= SIGNED_BODIES.get(name, 96)


@pytest.mark.parametrize("message", MESSAGES)
def test_no_message_takes_a_field_it_does_not_know(message: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"frame":"AAAA"}', type=message, strict=True)
    assert message.__struct_config__.forbid_unknown_fields


@pytest.mark.parametrize("role", KEY_ROLES)
def test_a_key_is_good_for_its_one_role_at_its_one_site(role: str) -> None:
    certificate = SITE.certificates[role]
    assert certified_key(ROOT, certificate, "site-1", role) == public_bytes(SITE.keys[role])
    for site_id, wanted in (("site-2", role), *(("site-1", other) for other in KEY_ROLES if other != role)):
        with pytest.raises(SignatureRefused):
            certified_key(ROOT, certificate, site_id, wanted)
    with pytest.raises(SignatureRefused):
        certified_key(public_bytes(Ed25519PrivateKey.generate()), certificate, "site-1", role)


def test_a_certificate_signed_by_a_working_key_instead_of_the_root_is_refused() -> None:
    forged = certify(SITE.keys["policy"], KeyCertificate("site-1", "order", ROOT, NOW))
    with pytest.raises(SignatureRefused):
        certified_key(ROOT, forged, "site-1", "order")


@given(st.binary(max_size=40), st.sampled_from(("a/1", "b/1")), st.binary(min_size=0, max_size=70))
def test_a_signature_holds_for_its_domain_and_bytes_alone(message: bytes, domain: str, noise: bytes) -> None:
    signature = sign(SITE.root, domain, message)
    verify(ROOT, domain, message, signature)
    for args in (
        (domain + "x", message, signature),
        (domain, message + b"x", signature),
        (domain, message, noise),
    ):
        with pytest.raises(SignatureRefused):
            verify(ROOT, *args)


RECORDS = st.dictionaries(st.text(max_size=6), st.binary(max_size=6), max_size=5)


@pytest.mark.wide
@settings(max_examples=examples(100))
@given(RECORDS, RECORDS, st.sampled_from(["sha256", "lthash16"]))
def test_the_digest_of_a_policy_separates_any_two_sets(
    one: dict[str, bytes], other: dict[str, bytes], kind: sync_contract.DigestKind
) -> None:
    def digest(whole: dict[str, bytes]) -> bytes:
        return policy_digest({key: record_digest(value) for key, value in reversed(whole.items())}, kind)

    assert (digest(one) == digest(other)) is (one == other)


def test_the_pairing_phrase_changes_with_each_of_its_parts() -> None:
    parts = (b"g" * 32, b"s" * 32, b"r" * 32, b"n" * 16, b"m" * 16)

    def phrase(*given: bytes) -> str:
        return pairing_phrase(PairingKeys(*given[:3]), *given[3:], characters=16)

    phrases = {phrase(*parts)} | {
        phrase(*(part if at != n else part[:-1] + b"x" for at, part in enumerate(parts))) for n in range(5)
    }
    assert len(phrases) == 6
    assert all(len(phrase) == 16 for phrase in phrases)
    assert phrase(*parts).startswith("QWVQBBY3ZJO3"), "which gates and servers of 0.2.0 agree on"
    keys = PairingKeys(*parts[:3])
    named = {pairing_phrase(keys, *parts[3:], 16, name) for name in (None, "", "Willow Court", "柳苑")}
    assert len(named) == 4, "they cover the compound's name, where it is shown"


def test_a_commitment_fits_its_own_keys_and_nonce_alone() -> None:
    parts = (b"g" * 32, b"s" * 32, b"n" * 16)
    commitment = pairing_commitment(*parts)
    open_commitment(commitment, *parts)
    assert commitment.hex() == "994c622ed950191750137216446a3f6d8a349d6245379604e9bcb067bb93eb0e"
    for n in range(3):
        others = (part if at != n else part[:-1] + b"x" for at, part in enumerate(parts))
        with pytest.raises(SignatureRefused, match="not the one that this gate had committed to"):
            open_commitment(commitment, *others)


@pytest.mark.parametrize("sizes", [(31, 33, 16), (32, 32, 15), (33, 32, 16), (32, 32, 17)])
def test_parts_of_other_sizes_are_refused_as_a_commitment(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="parts of"):
        pairing_commitment(*(b"x" * size for size in sizes))


@pytest.mark.parametrize("epoch", [-1, 2**31, 2**70])
def test_an_epoch_that_no_database_keeps_is_refused(epoch: int) -> None:
    """A gate cannot make a restored server count beyond what its columns hold."""
    body = msgspec.json.encode({"have_epoch": epoch, "have_version": 0, "tombstones": []})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=TombstoneBatch)
