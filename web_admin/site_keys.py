"""The keys of a site: a root that leaves the machine, and what it certified."""

import secrets
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from sqlalchemy.orm import Session

from gate_controller.signing import (
    KEY_ROLES,
    KeyCertificate,
    KeyRole,
    SignedCertificate,
    certify,
    public_bytes,
)
from web_admin.models import Site, SiteKey
from web_admin.sealing import Sealer

_PURPOSE = "site-key"


class SiteKeyMissing(Exception):
    """The database has no key for this role of this site."""


def create_site(
    session: Session,
    sealer: Sealer,
    name: str,
    timezone: str,
    language: str,
    passphrase: str,
    now: datetime,
) -> tuple[Site, bytes]:
    """Add a site with its four certified keys; return it and the root key as encrypted PEM.

    The root key is kept nowhere else: whoever runs this writes it to a file and moves it away.
    """
    root = Ed25519PrivateKey.generate()
    site = Site(
        site_id=secrets.token_hex(8),
        name=name,
        timezone=timezone,
        language=language,
        root_public_key=public_bytes(root),
        created_at=now,
    )
    session.add(site)
    session.flush()
    for role in KEY_ROLES:
        session.add(_certified(root, sealer, site.site_id, role, now))
    session.flush()
    pem = root.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    return site, pem


def _certified(
    root: Ed25519PrivateKey, sealer: Sealer, site_id: str, role: KeyRole, now: datetime
) -> SiteKey:
    key = Ed25519PrivateKey.generate()
    signed = certify(root, KeyCertificate(site_id, role, public_bytes(key), now))
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return SiteKey(
        site_id=site_id,
        role=role,
        private_key_sealed=sealer.seal(raw, purpose=_PURPOSE),
        certificate=signed.certificate,
        certificate_signature=signed.signature,
    )


def _site_key(session: Session, site_id: str, role: KeyRole) -> SiteKey:
    row = session.get(SiteKey, (site_id, role))
    if row is None:
        raise SiteKeyMissing(f"site {site_id} has no {role} key: run 'menjin web init'")
    return row


def private_key(session: Session, sealer: Sealer, site_id: str, role: KeyRole) -> Ed25519PrivateKey:
    """Return the site's signing key for a role; raise SiteKeyMissing or SealBroken."""
    sealed = _site_key(session, site_id, role).private_key_sealed
    return Ed25519PrivateKey.from_private_bytes(sealer.open(sealed, purpose=_PURPOSE))


def certificate(session: Session, site_id: str, role: KeyRole) -> SignedCertificate:
    """Return the root's certificate for the site's key of a role; raise SiteKeyMissing."""
    row = _site_key(session, site_id, role)
    return SignedCertificate(row.certificate, row.certificate_signature)
