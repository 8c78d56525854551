"""One line of JSON for each thing that is logged: what, where, in which request, and not what people typed.

The text of an exception may quote what a person typed or what a row holds. Its type and the lines of code
that raised it are written down instead; of the database's words only those without values.
"""

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import g, has_app_context
from sqlalchemy.exc import DBAPIError, OperationalError

from web_admin.core.cell_in_hand import CELL

LEVEL_VARIABLE = "MENJIN_LOG_LEVEL"
FRAMES_KEPT = 12
"""The innermost: those around them are the server's loop and Flask."""


class JsonLines(logging.Formatter):
    """Make a line of a record; `extra` may give it an `event`, a name for machines, and `facts` by name."""

    def format(self, record: logging.LogRecord) -> str:
        event = getattr(record, "event", None)
        request_id = g.get("menjin_request_id") if has_app_context() else None
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            **({"cell": CELL.get()} if CELL.get() else {}),
            **({"event": str(event)} if event else {}),
            **({"request": request_id} if request_id else {}),
            "says": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["errors"] = list(_errors(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_log() -> None:
    """Send all log lines of this process to standard error: of libraries only what is wrong.

    MENJIN_LOG_LEVEL is for our own lines; INFO where it is not set.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("web_admin").setLevel(os.environ.get(LEVEL_VARIABLE, "INFO"))


def _errors(error: BaseException) -> Iterator[dict[str, object]]:
    """Give an exception and those that led to it, the last one first."""
    current: BaseException | None = error
    while current is not None:
        yield {"type": type(current).__name__, **_says(current), "at": _places(current)}
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _says(error: BaseException) -> dict[str, object]:
    """Return what may be said of an exception beside its type."""
    if isinstance(error, OperationalError):
        # Of the connection or the disk, not of a row.
        return {"says": str(error.orig).splitlines()[0] if str(error.orig) else ""}
    if isinstance(error, DBAPIError):
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        return {"constraint": name or getattr(error.orig, "sqlstate", None)}
    if isinstance(error, OSError):
        return {"says": error.strerror}
    return {}


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_KEPT:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(path: str) -> str:
    """Return a file's path from its package on."""
    _, installed, inside = path.rpartition("/site-packages/")
    return inside if installed else "/".join(path.split("/")[-3:])
