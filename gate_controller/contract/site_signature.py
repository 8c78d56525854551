"""Check that a site signed a document: its root certified the anchor key, and that key signed these bytes."""

import base64

from gate_controller.contract.forgetting_certificate import CertificateBroken, SitePart, root_key_id
from gate_controller.contract.signing import SignatureRefused, SignedCertificate, certified_key, verify


def check_signed_by_site(
    site: SitePart,
    certificate: SignedCertificate,
    signature: str,
    body: bytes,
    *,
    domain: str,
    what: str,
    root_public_key: bytes | None = None,
) -> None:
    """Check a document against a root key, or against the one it names; `what` is signed, in words.

    Raises CertificateBroken naming the part that does not hold.
    """
    try:
        root = root_public_key or bytes.fromhex(site.root_public_key)
    except ValueError as err:
        raise CertificateBroken("site.root_public_key", "is not hex") from err
    if root.hex() != site.root_public_key:
        raise CertificateBroken("site.root_public_key", "is not the root key that was given")
    if root_key_id(root) != site.root_key_id:
        raise CertificateBroken("site.root_key_id", "does not belong to the root key")
    try:
        key = certified_key(root, certificate, site.site_id, "anchor")
    except SignatureRefused as err:
        raise CertificateBroken("certificate", f"the root key did not certify this key: {err}") from err
    try:
        verify(key, domain, body, base64.b64decode(signature, validate=True))
    except (SignatureRefused, ValueError) as err:
        raise CertificateBroken("signature", f"the site's key did not sign {what}") from err
