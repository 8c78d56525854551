"""Name methods and states of credentials for people."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

METHODS: Mapping[str, LazyString] = {
    "card": _l("Card"),
    "pin": _l("PIN"),
    "qr": _l("QR code"),
    "face": _l("Face"),
    "visitor_code": _l("Visitor code"),
    "order": _l("Opened by staff"),
}
CREDENTIAL_STATES: Mapping[str, LazyString] = {
    "active": _l("Active"),
    "suspended": _l("Suspended"),
    "ended": _l("No longer valid"),
}
