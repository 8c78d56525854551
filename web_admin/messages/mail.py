"""Send one mail through the site's mail server (RFC 5321), inside TLS unless it is on this machine.

A manager types which server that is. The operator names one in web.toml (`mail_server`): it alone gets the
operator's password, and it alone may be on this machine or in a private network. Of any other server that was
not reached the page says one thing, whatever the cause, so that it says nothing about closed and open ports.

The password is in no database and has no default: it is MENJIN_MAIL_PASSWORD, or the first line of
<secrets_dir>/mail.password, read at each sending so that a change needs no restart.
"""

import contextlib
import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from gate_controller.contract.inner_addresses import Address
from web_admin.core.config import WebConfig
from web_admin.messages.addresses import is_public, resolved
from web_admin.messages.errors import NotSent
from web_admin.messages.models import MailServer, OutboxMessage

WAIT_SECONDS = 20.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
SEVEN_BIT = email.policy.default.clone(cte_type="7bit")
"""Not every mail server announces that it takes bytes above 127 (RFC 6152), and smtplib does not ask."""
NOT_REACHED = "mail_not_reached"
PASSWORD_FILE = "mail.password"  # noqa: S105 - names a file


def send_mail(config: WebConfig, server: MailServer | None, message: OutboxMessage) -> None:
    """Send a message; raise NotSent."""
    if server is None:
        raise NotSent("mail_not_set_up")
    mail = _mail(server, message)
    named = is_named(config, server.host, server.port)
    if server.username and not named:
        raise NotSent("mail_password_elsewhere")
    with _speaking(server, named) as smtp:
        if server.username:
            smtp.login(server.username, mail_password(config))
        smtp.send_message(mail)


def is_named(config: WebConfig, host: str, port: int) -> bool:
    """Return whether the operator named this very server and port, to which their password goes."""
    return config.mail_server.lower() == f"{host.lower()}:{port}"


def waits_to_be_named(config: WebConfig, server: MailServer) -> bool:
    """Return whether the operator named no server, and this one gets mail only if they name it."""
    if config.mail_server:
        return False
    try:
        return bool(server.username) or not is_public(resolved(server.host, server.port))
    except NotSent:
        return False


def mail_password(config: WebConfig) -> str:
    """Return the mail server's password; raise NotSent where none is configured."""
    if config.mail_password is not None:
        return config.mail_password
    try:
        line = (config.secrets_dir / PASSWORD_FILE).read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as err:
        raise NotSent("mail_no_password") from err
    if not line:
        raise NotSent("mail_no_password")
    return line


def _mail(server: MailServer, message: OutboxMessage) -> EmailMessage:
    mail = EmailMessage(policy=SEVEN_BIT)
    try:
        mail["From"] = server.sender
        mail["To"] = message.target
        mail["Subject"] = str(message.body.get("subject", ""))
        mail["Date"] = format_datetime(message.created_at)
        # The id stays the same at each try, so a mail that arrives twice is known as one.
        mail["Message-ID"] = f"<{message.message_id}@{server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(str(message.body.get("text", "")))
    except (MessageError, ValueError, IndexError) as err:
        raise NotSent("mail_bad_address", for_good=True) from err
    return mail


@contextlib.contextmanager
def _speaking(server: MailServer, named: bool) -> Iterator[smtplib.SMTP]:
    """Give a connection to the mail server; turn what goes wrong on it into NotSent."""
    try:
        with _connected(server, _address_of(server, named)) as smtp:
            yield smtp
    except smtplib.SMTPRecipientsRefused as err:
        (code, _said), *_rest = err.recipients.values()
        raise NotSent(f"mail_refused_{code}", for_good=code >= 500) from err
    except smtplib.SMTPAuthenticationError as err:
        raise NotSent("mail_login") from err
    except smtplib.SMTPNotSupportedError as err:
        raise NotSent("mail_no_tls_or_login") from err
    except smtplib.SMTPResponseException as err:
        if not named and isinstance(err, smtplib.SMTPConnectError):
            raise NotSent(NOT_REACHED) from err
        # A 5xx to the text itself will not change; one to the greeting is the server's own trouble.
        for_good = isinstance(err, smtplib.SMTPDataError) and err.smtp_code >= 500
        raise NotSent(f"mail_refused_{err.smtp_code}", for_good=for_good) from err
    except (OSError, smtplib.SMTPException) as err:
        raise NotSent(_word_of(err) if named or _is_of_certificate(err) else NOT_REACHED) from err


def _word_of(err: Exception) -> str:
    if isinstance(err, ssl.SSLError):
        return "tls"
    return "no_answer" if isinstance(err, TimeoutError) else "no_connection"


def _is_of_certificate(err: Exception) -> bool:
    return isinstance(err, ssl.SSLCertVerificationError)


def _address_of(server: MailServer, named: bool) -> Address:
    """Return where the mail goes; raise NotSent, in one word, for what only the operator may name."""
    try:
        address = resolved(server.host, server.port)
    except NotSent as err:
        raise NotSent(err.trouble if named else NOT_REACHED) from err
    if not named and not is_public(address):
        raise NotSent(NOT_REACHED)
    return address


class _PinnedConnection(smtplib.SMTP):
    """A connection to the address that was checked, under the name that its certificate has to bear."""

    def __init__(self, address: Address, *args: Any, **named: Any) -> None:
        self._address = str(address)
        super().__init__(*args, **named)

    def _get_socket(self, _host: str, port: int, timeout: float) -> Any:
        return super()._get_socket(self._address, port, timeout)  # type: ignore[misc]  # not in the stubs


class _PinnedInTls(_PinnedConnection, smtplib.SMTP_SSL):
    pass


def _connected(server: MailServer, address: Address) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        return _PinnedInTls(address, server.host, server.port, timeout=WAIT_SECONDS, context=context)
    if server.security != "starttls" and server.host not in LOCAL_HOSTS:
        raise NotSent("mail_not_set_up")
    smtp = _PinnedConnection(address, server.host, server.port, timeout=WAIT_SECONDS)
    if server.security == "starttls":
        try:
            smtp.starttls(context=context)
        except BaseException:
            smtp.close()
            raise
    return smtp
