"""Keys of a site: a root that leaves the machine, and the keys that it certified."""

import secrets
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.signing import (
    KEY_ROLES,
    KeyCertificate,
    KeyRole,
    SignedCertificate,
    certify,
    public_bytes,
)
from web_admin.compound.models import Gate, Site, SiteKey
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.core.wake_ups import wake_after_commit

_PURPOSE = "site-key"
_KEYS_HELD = "site_keys_held"
"""In a session: the keys of each site that it asked for, held until it ends."""


class RootKeyWrong(Exception):
    """The root key, its passphrase or the moment does not fit; nothing was changed."""


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

    The root key is kept nowhere else: the operator writes it to a file and moves it away.
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


def open_root_key(pem: bytes, passphrase: str, site: Site) -> Ed25519PrivateKey:
    """Return the site's root key from its file; raise RootKeyWrong for another key or passphrase."""
    try:
        key = load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError) as err:
        raise RootKeyWrong("this is no root key, or the passphrase is another") from err
    if not isinstance(key, Ed25519PrivateKey) or public_bytes(key) != site.root_public_key:
        raise RootKeyWrong(f"this root key is not that of {site.name}")
    return key


def replace_working_keys(
    session: Session, sealer: Sealer, site: Site, root: Ed25519PrivateKey, now: datetime
) -> tuple[KeyRole, ...]:
    """Give the site fresh keys for every role; gates refuse the old ones once they saw the new.

    Raises RootKeyWrong when the clock is behind the keys in use, for gates go by the newest date.
    """
    for role in KEY_ROLES:
        row = session.get_one(SiteKey, (site.site_id, role), with_for_update=True)
        used_since = msgspec.json.decode(row.certificate, type=KeyCertificate).issued_at
        if now <= used_since:
            raise RootKeyWrong(f"the {role} key in use is dated {used_since}: set this machine's clock")
        fresh = _certified(root, sealer, site.site_id, role, now)
        row.private_key_sealed = fresh.private_key_sealed
        row.certificate, row.certificate_signature = fresh.certificate, fresh.certificate_signature
    session.flush()
    gates = session.scalars(select(Gate.gate_id).where(Gate.site_id == site.site_id)).all()
    wake_after_commit(session, site.site_id, gates)
    return KEY_ROLES


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
    held = session.info.setdefault(_KEYS_HELD, {})
    if site_id not in held:
        # An answer to a gate needs four of them: one statement, and what it found is held, or the session
        # would forget each row as soon as no one refers to it.
        held[site_id] = session.scalars(select(SiteKey).where(SiteKey.site_id == site_id)).all()
    row = session.get(SiteKey, (site_id, role))
    if row is None:
        raise SiteKeyMissing(f"site {site_id} has no {role} key: run '{server_command('init')}'")
    return row


def private_key(session: Session, sealer: Sealer, site_id: str, role: KeyRole) -> Ed25519PrivateKey:
    """Return the site's signing key for a role; raise SiteKeyMissing or SealBroken."""
    sealed = _site_key(session, site_id, role).private_key_sealed
    return Ed25519PrivateKey.from_private_bytes(sealer.open(sealed, purpose=_PURPOSE))


def is_opened_by(session: Session, sealer: Sealer) -> bool:
    """Return whether secrets open the policy key of these tables, which may be of an older version."""
    sealed = session.scalar(select(SiteKey.private_key_sealed).where(SiteKey.role == "policy"))
    try:
        return sealed is None or bool(sealer.open(sealed, purpose=_PURPOSE))
    except SealBroken:
        return False


def certificate(session: Session, site_id: str, role: KeyRole) -> SignedCertificate:
    """Return the root's certificate for the site's key of a role; raise SiteKeyMissing."""
    row = _site_key(session, site_id, role)
    return SignedCertificate(row.certificate, row.certificate_signature)
