"""Stream that makes the open pages of now and of alarms refresh."""

from dataclasses import asdict
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, g, request, session
from flask_login import current_user, user_logged_out

from web_admin.accounts.models import User
from web_admin.accounts.permissions import allowed, current_may, may
from web_admin.accounts.sessions import is_open
from web_admin.core.database import current_menjin
from web_admin.web.every_page import alarms_of_page
from web_admin.web.live_watch import LiveWatch, mark_of, sent_lines, whole, without_silent

bp = Blueprint("live", __name__, url_prefix="/manage/live")

HEARTBEAT_SECONDS = 10.0
"""Shorter than the minute after which proxies close a silent connection."""

HEARTBEATS = 12
"""Then the browser reconnects, and its permission is checked again."""

_WATCH = "menjin_live"
_SIGN_OUT = "menjin_live_sign_out"


def init_live(app: Flask) -> None:
    """Give the app a watch, which has no streams until a server serves it; a sign-out ends that browser's."""
    use_watch(app, LiveWatch(lambda: mark_of(app.extensions["menjin"])))

    def note_browser() -> None:
        # The library forgets the browser's token before it signals the sign-out.
        if request.endpoint == "security.logout":
            g.live_browser = _browser()

    def end_streams(_app: Flask, **_facts: object) -> None:
        live_watch(app).end_browser(g.get("live_browser", ""))

    app.before_request(note_browser)
    # Held by the app alone, so that an app that is thrown away takes its streams and itself along.
    app.extensions[_SIGN_OUT] = end_streams
    user_logged_out.connect(end_streams, app)


def use_watch(app: Flask, watch: LiveWatch) -> None:
    """Let this watch look for an app's streams."""
    app.extensions[_WATCH] = watch


def live_watch(app: Flask) -> LiveWatch:
    return cast(LiveWatch, app.extensions[_WATCH])


def _browser() -> str:
    return str(session.get("csrf_token") or "")


@bp.get("/alarms")
@allowed("see_now")
def waiting() -> dict[str, object]:
    """Answer how many alarms wait, for the number and the line on every page, without details."""
    shown = alarms_of_page()
    return asdict(shown) if shown is not None else {}


@bp.get("/")
@allowed("see_now")
def stream() -> Response:
    """Send a mark whenever what the pages show has changed."""
    watch, menjin = live_watch(current_app), current_menjin()
    part = whole if current_may("acknowledge_alarm") else without_silent
    listener = watch.join(_browser(), part=part)
    if listener is None:
        abort(503)
    account_id, uniquifier = int(current_user.id), str(current_user.fs_uniquifier)
    session_id = str(g.menjin_session_id)

    def is_still_allowed() -> bool:
        with menjin.database.open_reading() as reading:
            account = reading.get(User, account_id)
            return (
                account is not None
                and account.active
                and account.fs_uniquifier == uniquifier
                and is_open(reading, session_id, menjin.clock())
                and may("see_now", [role.name for role in account.roles])
            )

    known = request.headers.get("Last-Event-ID") or request.args.get("known")
    lines = sent_lines(
        watch,
        listener,
        known,
        is_still_allowed,
        heartbeat_seconds=HEARTBEAT_SECONDS,
        heartbeats=HEARTBEATS,
    )
    answer = Response(lines, mimetype="text/event-stream")
    # Proxies may neither collect nor compress it: a mark is worth something only at once.
    answer.headers["Cache-Control"] = "no-store, no-transform"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: watch.leave(listener))
    return answer
