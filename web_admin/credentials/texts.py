"""Name methods and states of credentials for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.records import CredentialKind, CredentialState, Method

METHODS: Mapping[str, LazyString] = {
    Method.CARD: _l("Card"),
    Method.PIN: _l("PIN"),
    Method.QR: _l("QR code"),
    Method.FACE: _l("Face"),
    CredentialKind.VISITOR_CODE: _l("Visitor code"),
    "order": _l("Opened by staff"),
    "call": _l("Call to a home"),
}
CREDENTIAL_STATES: Mapping[str, LazyString] = {
    CredentialState.ACTIVE: _l("Active"),
    CredentialState.SUSPENDED: _l("Suspended"),
    CredentialState.ENDED: _l("No longer valid"),
}
