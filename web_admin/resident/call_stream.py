"""Stream that lets a resident's open pages ring, and what they ask when it moved; it names no one."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

from flask import Flask, Response, abort, current_app, g, request, session, url_for
from flask_babel import gettext
from flask_login import current_user, user_logged_out

from web_admin.accounts.sessions import USER_ID, session_digest
from web_admin.calls.live import RINGING, ringing_for, state_for
from web_admin.calls.open_pages import marks_of_homes, may_wait_on, part_of, waits_for_calls
from web_admin.core.database import Menjin, current_menjin
from web_admin.resident.blueprint import bp, signed_in
from web_admin.web.desk_session import current_visit
from web_admin.web.live_watch import LiveWatch, sent_lines
from web_admin.web.resident_session import resident_required

HEARTBEAT_SECONDS = 15.0
HEARTBEATS = 8
STREAMS_OF_A_PERSON = 4
"""Pages of one person that have a stream; browsers keep few connections to one server, and others ask."""
_WATCH = "menjin_call_watch"
_SIGN_OUT = "menjin_call_sign_out"


def init_call_watch(app: Flask) -> None:
    """Give the app a watch, which has no streams until a server serves it; a sign-out ends that browser's."""
    use_call_watch(app, LiveWatch(lambda: marks_of_homes(app.extensions["menjin"])))

    def note_browser() -> None:
        # The library forgets the browser's session before it signals the sign-out.
        if request.endpoint == "resident.sign_out":
            g.call_browser = _browser()

    def end_streams(_app: Flask, **_facts: object) -> None:
        call_watch(app).end_browser(g.get("call_browser", ""))

    app.before_request(note_browser)
    # Held by the app alone, so that an app that is thrown away takes its streams and itself along.
    app.extensions[_SIGN_OUT] = end_streams
    user_logged_out.connect(end_streams, app)


def use_call_watch(app: Flask, watch: LiveWatch) -> None:
    """Let this watch look for the streams of an app's residents."""
    app.extensions[_WATCH] = watch


def call_watch(app: Flask) -> LiveWatch:
    return cast(LiveWatch, app.extensions[_WATCH])


def _browser() -> str:
    return str(session.get(USER_ID) or "")


@bp.get("/call/stream")
@resident_required
def call_stream() -> Response:
    """Send a mark whenever a call to the own home begins, changes or ends."""
    person, act = signed_in()
    if person.home_id is None or not waits_for_calls(act.session, person):
        abort(404)
    watch, session_id = call_watch(current_app), str(g.menjin_session_id)
    listener = watch.join(_browser(), part=part_of(person.home_id), person_id=person.person_id)
    if listener is None:
        abort(503)
    account_id, word = int(current_user.id), str(current_user.fs_uniquifier)
    may_go_on = partial(_is_still_allowed, account_id, word, session_id)
    known = request.headers.get("Last-Event-ID") or request.args.get("known")
    menjin = current_menjin()
    lines = sent_lines(
        watch,
        listener,
        known,
        lambda: may_go_on(menjin),
        heartbeat_seconds=HEARTBEAT_SECONDS,
        heartbeats=HEARTBEATS,
    )
    answer = Response(lines, mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store, no-transform"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: watch.leave(listener))
    return answer


def _is_still_allowed(account_id: int, word: str, session_id: str, menjin: Menjin) -> bool:
    """Return whether the account, its session and the home's wishes still let a page ring."""
    with menjin.database.open_reading() as reading:
        return may_wait_on(reading, account_id, word, session_digest(session_id), menjin.clock())


@dataclass(frozen=True, slots=True)
class CallOfPage:
    """The call that a page's band shows."""

    address: str
    text: str
    press: str
    """The words of its button."""
    rings: bool
    """False of a call that this person or a telephone has answered: its band leads there without a sound."""


@bp.get("/call/now")
@resident_required
def call_now() -> dict[str, object]:
    """Answer which call rings for this person, or is theirs, for the band on every page."""
    shown = call_of_page()
    return {"call": None if shown is None else asdict(shown)}


def page_waits_for_calls() -> bool:
    """Return whether this page rings when someone calls the home of who looks at it on their own phone."""
    if getattr(current_user, "person_id", None) is None or current_visit() is not None:
        return False
    if "waits_for_calls" not in g:
        person, act = signed_in()
        g.waits_for_calls = waits_for_calls(act.session, person)
    return bool(g.waits_for_calls)


def call_of_page() -> CallOfPage | None:
    """Return the call that rings for who looks at the page, or that they answered; None without."""
    if not page_waits_for_calls():
        return None
    person, act = signed_in()
    call = ringing_for(act.session, person.person_id, act.now)
    shown = None if call is None else state_for(act.session, call.call_id, person.person_id, act.now)
    if shown is None:
        return None
    rings = shown.stage == RINGING
    text, press = gettext("Call from %(gate)s", gate=shown.gate_and_lane), gettext("Answer the call")
    if not rings:
        text = gettext("Call in progress: %(gate)s", gate=shown.gate_and_lane)
        press = gettext("Go to the call")
    if shown.by_telephone:
        text = gettext("A telephone of your home has picked up.")
    return CallOfPage(url_for("resident.call", call_id=shown.call_id), text, press, rings)


@bp.app_context_processor
def _band() -> dict[str, object]:
    return {"page_waits_for_calls": page_waits_for_calls, "call_of_page": call_of_page}
