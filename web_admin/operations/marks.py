"""Store heartbeat timestamps; check the public TLS certificate."""

import logging
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark

HOUSEKEEPING, BACKUP, CERTIFICATE = "housekeeping", "backup", "certificate"
LOOK_SECONDS = 5.0
REFUSED, UNREACHABLE = "refused", "unreachable"
UNTIL, FROM = "until ", " from "

_log = logging.getLogger(__name__)


def mark(session: Session, name: str, at: datetime, note: str = "") -> None:
    """Note that something was done at a moment, in place of what was noted before."""
    row = session.get(ServerMark, name) or ServerMark(name=name)
    row.at, row.note = at, note
    session.add(row)
    session.flush()


def look_at_certificate(menjin: Menjin, now: datetime) -> int:
    """Note until when browsers trust the public address; return 1 when they do not.

    Where an authority of one's own is named, browsers of this compound trust that one.
    """
    parts = urlsplit(menjin.config.public_url)
    if parts.scheme != "https":
        return 0
    note = _certificate_note(str(parts.hostname), parts.port or 443, menjin.config.own_authority)
    with menjin.database.session() as session:
        mark(session, CERTIFICATE, now, note)
    return int(note == REFUSED)


def _certificate_note(host: str, port: int, own_authority: Path | None) -> str:
    context = ssl.create_default_context()
    if own_authority is not None:
        try:
            context.load_verify_locations(cafile=own_authority)
        except OSError as err:  # ssl.SSLError is one
            _log.warning("own_authority: %s cannot be read: %s", own_authority, err.strerror)
    try:
        with (
            socket.create_connection((host, port), timeout=LOOK_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert() or {}
    except ssl.SSLError as err:
        _log.warning("the certificate of the public address is refused: %s", err.reason)
        return REFUSED
    except OSError:
        return UNREACHABLE
    ends, begins = (_moment(str(shown.get(name, ""))) for name in ("notAfter", "notBefore"))
    return f"{UNTIL}{ends}{FROM}{begins}"


def _moment(text: str) -> str:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC).isoformat()


def certificate_until(note: str) -> datetime | None:
    """Return until when the certificate holds, None where the note says something else."""
    until = note.removeprefix(UNTIL).partition(FROM)[0]
    return datetime.fromisoformat(until) if note.startswith(UNTIL) else None


def certificate_since(note: str) -> datetime | None:
    """Return since when the certificate holds, None where the note does not say it."""
    since = note.partition(FROM)[2]
    return datetime.fromisoformat(since) if since else None
