"""Connect to PostgreSQL: to the host of an address that takes writes, and not for long to one that is silent.

An address has several hosts as libpq's have: `postgresql://menjin@/menjin?host=db1&host=db2`. What it sets
itself wins.
"""

from flask import g, has_request_context
from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

WAITS: dict[str, str | int] = {
    # A standby refuses a session that wants to write, and libpq goes on to the next host.
    "target_session_attrs": "read-write",
    # Each host; without it a machine without power holds a request for two minutes.
    "connect_timeout": 3,
    # What was sent and is not acknowledged; a question that waits is asked for life signs.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
READ_ONLY = "25006"
"""SQLSTATE of a write at a server that has become a standby."""


def waits_for(url: URL) -> dict[str, str | int]:
    """Return libpq's settings for an address, without those that it sets itself."""
    return {name: value for name, value in WAITS.items() if name not in url.query}


def notice_failover(engine: Engine) -> None:
    """Leave a server that became a standby, and note a commit whose end is unknown."""
    event.listen(engine, "handle_error", _look_at)


def _look_at(context: ExceptionContext) -> OperationalError | None:
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True
        return OperationalError(
            context.statement,
            {},
            context.original_exception,
            hide_parameters=True,
            connection_invalidated=True,
        )
    is_commit = context.connection is not None and context.statement is None and not context.is_pre_ping
    if is_commit and context.is_disconnect and has_request_context():
        g.menjin_outcome_unknown = True
    return None


def is_outcome_unknown() -> bool:
    """Return whether the database went away while this request's changes were committed."""
    return bool(g.get("menjin_outcome_unknown", False))
