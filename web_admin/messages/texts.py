"""Texts of message kinds and delivery errors."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

WEBHOOK_KINDS: Mapping[str, LazyString] = {
    "alarm_raised": _l("An alarm, without names"),
    "alarm_acknowledged": _l("Alarm acknowledged"),
    "alarm_over": _l("Alarm over"),
    "resident_message": _l("Messages that residents ask for, to send on by SMS or WeChat: number and text"),
}

_OWN_KINDS: Mapping[str, LazyString] = {
    "test": _l("A test"),
    "staff_invitation": _l("An invitation of staff"),
    "access_review": _l("Access review"),
}

STATES: Mapping[str, LazyString] = {
    "waiting": _l("Waiting"),
    "sent": _l("Sent"),
    "failed": _l("Failed"),
}

TROUBLES: Mapping[str, LazyString] = {
    "no_connection": _l("No connection. Is the other server running, and the address right?"),
    "no_answer": _l("The other server did not answer in time."),
    "no_such_name": _l("This name is not known in the network."),
    "tls": _l("The other server's certificate is not trusted, or not for this name."),
    "webhook_removed": _l("The webhook was removed."),
    "webhook_address": _l("This is not an address that messages can go to."),
    "webhook_login_in_address": _l("An address must not have a login in it."),
    "webhook_forbidden_address": _l(
        "Messages may not go to this address. It begins with https://, or with http:// on this very machine."
    ),
    "webhook_local_port": _l(
        "Messages go to this machine only at the ports that web.toml names for webhooks."
    ),
    "webhook_key": _l("The key of this webhook cannot be opened. Make a new one."),
    "mail_not_set_up": _l("No mail server is set up."),
    "mail_not_reached": _l(
        "No mail server answered under this name and port. One on this machine or in a private network, or "
        "one that needs the server's password, has to be named by the operator in web.toml (mail_server)."
    ),
    "mail_password_elsewhere": _l(
        "The password on the server is for another mail server. The operator names yours in web.toml "
        "(mail_server)."
    ),
    "mail_no_password": _l("The mail server's password is missing."),
    "mail_login": _l("The mail server refused user name or password."),
    "mail_no_tls_or_login": _l("The mail server offers no TLS, or no sign-in. Nothing was sent."),
    "mail_bad_address": _l("This is not an e-mail address."),
    "fault": _l("A fault of this server; its log says which."),
}


def kind_text(kind: str) -> str:
    """Return the text of a message's kind; an unknown kind unchanged."""
    known = {**WEBHOOK_KINDS, **_OWN_KINDS}
    return str(known[kind]) if kind in known else kind.replace("_", " ")


def trouble_text(trouble: str | None) -> str:
    """Return why a message did not go, with what to do where there is something."""
    word = trouble or ""
    text: str = word
    if word in TROUBLES:
        text = str(TROUBLES[word])
    elif word.startswith("http_"):
        status = word.removeprefix("http_")
        text = _("The other server answered with status %(status)s.", status=status)
    elif word.startswith("mail_refused_"):
        code = word.removeprefix("mail_refused_")
        text = _("The mail server refused it with code %(code)s.", code=code)
    return text
