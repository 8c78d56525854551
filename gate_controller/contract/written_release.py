"""Consent in signed form: who agreed in writing to which text, sealed by the site's key.

    {"release": {…}, "certificate": {…}, "signature": "…"}

A law that asks for a written release takes a name typed with the intent to sign as a signature (15 USC
7006(5); in Illinois 740 ILCS 14/10 since 2024). The site's anchor key, which the root certified, signs the
whole; so neither the name nor the text can be changed afterwards without it showing. It does not show that
the name is the typist's own: the page was open on the person's phone, no more.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.forgetting_certificate import (
    CertificateBroken,
    Hex,
    SitePart,
)
from gate_controller.contract.forgetting_in_words import on_one_line
from gate_controller.contract.records import Id, Instant
from gate_controller.contract.signing import SignedCertificate, sign
from gate_controller.contract.site_signature import check_signed_by_site

RELEASE_DOMAIN = "menjin/written-release/1"
FORMAT = "menjin/written-release/1"
SENTENCES: Mapping[str, Mapping[str, str]] = {
    "self": {
        "en": "I have read this notice and agree in writing that my face is used as it says, until I take "
        "this back. My name, typed here, is my signature.",
        "zh": "我已阅读本告知书，书面同意按其内容使用我的人脸，直到我撤回为止。在此键入的姓名即为我的签名。",
    },
    "ward": {
        "en": "I have read this notice and agree in writing, as a guardian, that this minor's face is used "
        "as it says, until one of us takes this back. My name, typed here, is my signature.",
        "zh": "我已阅读本告知书，作为监护人书面同意按其内容使用该未成年人的人脸，"
        "直到我们当中任何一人撤回为止。在此键入的姓名即为我的签名。",
    },
}
"""The words above a signature, by who signs and in which language; part of this format."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the file; what it does not know is refused."""


class NoticePart(_Part, frozen=True):
    """The text that was agreed to, word for word."""

    purpose: str
    version: int
    language: str
    fields: dict[str, str]
    sha256: Hex


class Release(_Part, frozen=True):
    """All that was signed. `signed_for` is `ward` where a guardian signs for a minor."""

    format: str
    site: SitePart
    consent_id: Id
    person_id: Id
    signer_id: Id
    signed_name: str
    signed_for: Literal["self", "ward"]
    sentence: str
    notice: NoticePart
    channel: str
    signed_at: Instant


class SignedRelease(_Part, frozen=True):
    release: Release
    certificate: SignedCertificate
    signature: str


def notice_digest(purpose: str, version: int, language: str, fields: Mapping[str, str]) -> bytes:
    """Return the SHA-256 that a consent keeps of the exact text it was given to."""
    whole = [purpose, version, language, dict(fields)]
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).digest()


def sign_release(release: Release, key: Ed25519PrivateKey, certificate: SignedCertificate) -> SignedRelease:
    """Sign all of it with the site's anchor key."""
    signature = sign(key, RELEASE_DOMAIN, _encoded(release))
    return SignedRelease(release, certificate, base64.b64encode(signature).decode())


def read_release(body: bytes) -> SignedRelease:
    """Return a release as it lies in a file; raise ValueError when it is none."""
    try:
        return msgspec.json.decode(body, type=SignedRelease)
    except (msgspec.MsgspecError, RecursionError) as err:
        raise ValueError(f"this is no written release: {err}") from err


def check_release(found: SignedRelease, root_public_key: bytes | None = None) -> None:
    """Check a release against a root key, or against the one it names.

    Raises CertificateBroken naming the part that does not hold.
    """
    release = found.release
    if release.format != FORMAT:
        raise CertificateBroken("format", f"is {release.format!r}; this program knows {FORMAT!r}")
    check_signed_by_site(
        release.site,
        found.certificate,
        found.signature,
        _encoded(release),
        domain=RELEASE_DOMAIN,
        what="this text and this name",
        root_public_key=root_public_key,
    )
    notice = release.notice
    if notice_digest(notice.purpose, notice.version, notice.language, notice.fields).hex() != notice.sha256:
        raise CertificateBroken("notice.sha256", "is not the digest of the text")
    if (release.signed_for == "self") != (release.signer_id == release.person_id):
        raise CertificateBroken("signed_for", "does not fit who signed and whose face it is")
    if release.sentence != SENTENCES[release.signed_for].get(notice.language):
        raise CertificateBroken("sentence", "is not the one that this format has in the notice's language")
    if not release.signed_name.strip():
        raise CertificateBroken("signed_name", "is empty")


def in_words(found: SignedRelease, *, pinned: bool) -> list[str]:
    """Return what a release says, a line each, in English; the notice's parts in full."""
    release = found.release
    whose = "for themselves" if release.signed_for == "self" else f"as guardian of person {release.person_id}"
    lines = [
        f"signed “{release.signed_name}” by person {release.signer_id} {whose} at {release.site.name}, "
        f"{_at(release.signed_at)}, by {release.channel}",
        f"consent {release.consent_id} to notice version {release.notice.version}, {release.notice.language}",
        f"the sentence signed: {release.sentence}",
        *(f"{name}: {text}" for name, text in release.notice.fields.items()),
        "not shown: that the name is the typist's own",
        f"signed for the root key {release.site.root_key_id}, "
        + ("which was given" if pinned else "which is taken from this file: check it with --root-key"),
    ]
    return [on_one_line(line) for line in lines]


def _encoded(release: Release) -> bytes:
    return msgspec.json.encode(release, order="sorted")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
