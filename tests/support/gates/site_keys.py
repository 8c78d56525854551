"""A site's keys and policies, made as the server makes them, for tests of the gate alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import (
    ORDER_DOMAIN,
    POLICY_DOMAIN,
    DigestKind,
    OpenOrder,
    PolicyChange,
    PolicyManifest,
    SignedOrder,
    SignedPolicyManifest,
    policy_digest,
    record_digest,
    sign_struct,
)
from gate_controller.contract.records import Record, encode_record
from gate_controller.contract.signing import (
    KEY_ROLES,
    KeyCertificate,
    KeyRole,
    SignedCertificate,
    certify,
    public_bytes,
)


def encoded(records: Mapping[str, Record]) -> dict[str, bytes]:
    """Return records in their wire form."""
    return {key: encode_record(record) for key, record in records.items()}


@dataclass(frozen=True)
class SiteKeys:
    """Root and working keys of one invented site."""

    site_id: str
    root: Ed25519PrivateKey
    keys: Mapping[KeyRole, Ed25519PrivateKey]
    certificates: Mapping[KeyRole, SignedCertificate]

    @classmethod
    def make(cls, site_id: str = "site-1") -> "SiteKeys":
        root = Ed25519PrivateKey.generate()
        keys: dict[KeyRole, Ed25519PrivateKey] = {role: Ed25519PrivateKey.generate() for role in KEY_ROLES}
        since = datetime(2026, 1, 1, tzinfo=UTC)
        certificates = {
            role: certify(root, KeyCertificate(site_id, role, public_bytes(key), since))
            for role, key in keys.items()
        }
        return cls(site_id, root, keys, certificates)

    def signed_policy(
        self,
        records: Mapping[str, bytes],
        *,
        gate_id: str = "north",
        epoch: int = 1,
        version: int = 1,
        issued_at: datetime,
        kind: DigestKind = "sha256",
    ) -> tuple[SignedPolicyManifest, PolicyChange]:
        digest = policy_digest({key: record_digest(value) for key, value in records.items()}, kind)
        manifest = PolicyManifest(
            site_id=self.site_id,
            gate_id=gate_id,
            epoch=epoch,
            version=version,
            issued_at=issued_at,
            digest=digest,
            digest_kind=kind,
        )
        body, signature = sign_struct(self.keys["policy"], POLICY_DOMAIN, manifest)
        signed = SignedPolicyManifest(
            manifest=body, signature=signature, certificate=self.certificates["policy"]
        )
        puts = {key: msgspec.Raw(value) for key, value in records.items()}
        return signed, PolicyChange(base_epoch=0, base_version=0, puts=puts)

    def signed_order(self, order: OpenOrder) -> SignedOrder:
        body, signature = sign_struct(self.keys["order"], ORDER_DOMAIN, order)
        return SignedOrder(order=body, signature=signature, certificate=self.certificates["order"])
