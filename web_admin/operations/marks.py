"""Store heartbeat timestamps; check the public TLS certificate."""

import logging
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from web_admin.core.database import Menjin
from web_admin.core.health_models import ServerMark

HOUSEKEEPING, BACKUP, CERTIFICATE = "housekeeping", "backup", "certificate"
LOOK_SECONDS = 5.0
REFUSED, UNREACHABLE = "refused", "unreachable"
UNTIL = "until "

_log = logging.getLogger(__name__)


def mark(session: Session, name: str, at: datetime, note: str = "") -> None:
    """Note that something was done at a moment, in place of what was noted before."""
    row = session.get(ServerMark, name) or ServerMark(name=name)
    row.at, row.note = at, note
    session.add(row)
    session.flush()


def look_at_certificate(menjin: Menjin, now: datetime) -> int:
    """Note until when browsers trust the public address; return 1 when they do not."""
    parts = urlsplit(menjin.config.public_url)
    if parts.scheme != "https":
        return 0
    note = _certificate_note(str(parts.hostname), parts.port or 443)
    with menjin.database.session() as session:
        mark(session, CERTIFICATE, now, note)
    return int(note == REFUSED)


def _certificate_note(host: str, port: int) -> str:
    try:
        with (
            socket.create_connection((host, port), timeout=LOOK_SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured,
        ):
            ends = str((secured.getpeercert() or {}).get("notAfter", ""))
    except ssl.SSLError as err:
        _log.warning("the certificate of the public address is refused: %s", err.reason)
        return REFUSED
    except OSError:
        return UNREACHABLE
    return UNTIL + datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC).isoformat()


def certificate_until(note: str) -> datetime | None:
    """Return until when the certificate holds, None where the note says something else."""
    return datetime.fromisoformat(note.removeprefix(UNTIL)) if note.startswith(UNTIL) else None
