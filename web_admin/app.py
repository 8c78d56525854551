"""Assemble the site: doors, languages, security headers, navigation, errors."""

from urllib.parse import urlsplit

from flask import Flask, g, jsonify, render_template, request, url_for
from flask_babel import Babel
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.languages import html_tag
from web_admin.accounts.permissions import (
    BLUEPRINTS_OF_GATES,
    current_may,
    note_refusal,
    role_names,
)
from web_admin.api.access import answer_in_json
from web_admin.compound.gate_names import full_name, gate_and_lane
from web_admin.core import texts as core_texts
from web_admin.core.database import DatabaseAway, current_menjin, undo_request_session
from web_admin.core.sealed_places import sealed_place
from web_admin.gates.lost_readers import lost_ways
from web_admin.journal.models import GateEvent
from web_admin.manage import register_manage_pages
from web_admin.manage.live import init_live
from web_admin.people.status import person_status
from web_admin.public import register_public_pages
from web_admin.resident import register_resident_pages
from web_admin.resident.call_stream import init_call_watch
from web_admin.template_words import WORDS
from web_admin.web.back_to_first_hour import in_first_hour
from web_admin.web.context import own_look
from web_admin.web.days import day_text
from web_admin.web.desk_session import end_with_sign_out
from web_admin.web.every_page import alarms_of_page, lockdown_of_page
from web_admin.web.foreign_requests import FromElsewhere
from web_admin.web.guide_places import help_address
from web_admin.web.language import choose_language, escape_lazy_texts, page_language
from web_admin.web.limits import MAX_FORM_BYTES
from web_admin.web.looked_for import sealed_text
from web_admin.web.navigation import menu
from web_admin.web.problems import note_problem, noted_problems
from web_admin.web.request_bodies import sentence_of, takes_json_here
from web_admin.web.silent_gates import status_of_gate
from web_admin.web.site import current_site, request_now
from web_admin.web.times import (
    local_date,
    local_day,
    local_time,
    month_day,
    month_of_year,
    weekday,
    zone_in_words,
    zone_name,
)
from web_admin.web.trouble_pages import init_trouble_pages, show_trouble

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}

NOTHING_OPENS = {"camera": "()", "microphone": "()", "geolocation": "()"}
SPEAKS = ("resident.call", "now.show")
"""The pages that may open the microphone: where people of a called home answer, and where guards do."""

ERROR_PICTURES = {401: "lock", 403: "lock", 404: "question", 429: "clock"}
"""The icon of an error's page by its number; any other has a warning."""
ERROR_TEXTS = {
    400: (_l("This request cannot be read"), _l("Go back, load the page again and try once more.")),
    401: (_l("Sign in first"), _l("You were signed out after a while. Nothing was changed.")),
    403: (_l("Your role does not allow this"), _l("Ask the property manager if you need it.")),
    404: (_l("There is no such page"), _l("The address may be old, or the entry was removed.")),
    405: (_l("This cannot be done this way"), _l("Go back and use the button on the page.")),
    413: (
        _l("That is too large"),
        _l("This server takes at most %(count)s MB here. Send a smaller file.", count=MAX_FORM_BYTES >> 20),
    ),
    429: (_l("Too many tries"), _l("Wait five minutes, then try again. Gates work as usual meanwhile.")),
    500: (_l("Something went wrong here"), _l("Nothing was changed. The gates work on their own meanwhile.")),
    503: (_l("This server is not set up yet"), _l("Run this on the server:")),
}
COMMANDS_OF_ERRORS = {503: server_command("init")}

REFUSALS = frozenset({400, 401, 403, 404, 405})
"""Answers to someone who asks for what is not theirs, or not in the way the page does."""
HEADERS_OF_ERRORS = frozenset({"Allow", "Retry-After"})
"""Headers that a program reads of an error beside its status; the page itself says it in words."""
WHY_REFUSED = ((CSRFError, "no token of the form"), (FromElsewhere, "sent by another site's page"))
"""Details of a status code for readers of the log."""

SIGNS_OUT = frozenset(
    {"security.logout", "own.sign_out", "resident.sign_out", "resident.sign_out_everywhere"}
)


def register_pages(app: Flask) -> None:
    """Add all pages, languages and headers to the app; call it after sign-in and the sync API."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=choose_language, timezone_selector=zone_name)
    escape_lazy_texts()
    https = str(app.extensions["menjin"].config.public_url).startswith("https:")
    talisman = Talisman(
        app,
        content_security_policy=CONTENT_SECURITY_POLICY,
        force_https=False,  # the reverse proxy redirects; gates on a closed network may speak to us plainly
        strict_transport_security=https,
        session_cookie_secure=https,
        referrer_policy="same-origin",
        permissions_policy=NOTHING_OPENS,
    )
    for name in BLUEPRINTS_OF_GATES & app.blueprints.keys():
        app.extensions["csrf"].exempt(app.blueprints[name])
    register_public_pages(app)
    register_manage_pages(app)
    register_resident_pages(app)
    speaks = talisman(permissions_policy=NOTHING_OPENS | {"microphone": "(self)"})
    for endpoint in SPEAKS:
        app.view_functions[endpoint] = speaks(app.view_functions[endpoint])
    init_live(app)
    init_call_watch(app)
    end_with_sign_out(app)
    app.context_processor(_page_words)
    app.add_template_global(note_problem)
    app.add_template_global(server_command)
    app.add_template_global(noted_problems)
    app.add_template_filter(local_time)
    app.add_template_filter(zone_in_words)
    app.add_template_filter(local_day)
    app.add_template_filter(local_date)
    app.add_template_filter(weekday)
    app.add_template_filter(month_day)
    app.add_template_filter(month_of_year)
    app.add_template_filter(day_text)
    app.add_template_filter(html_tag, "language_tag")
    app.register_error_handler(HTTPException, _show_error)
    init_trouble_pages(app)
    app.after_request(_keep_private)


def entry_number(event: GateEvent) -> int | str:
    """Return an entry's number for a link, sealed where silent alarms are hidden: gaps would reveal them."""
    if current_may("acknowledge_alarm"):
        return event.seq
    return sealed_place(current_menjin().sealer, event.seq)


def _page_words() -> dict[str, object]:
    return {
        "words": WORDS,
        "word": core_texts.word,
        "navigation": menu(current_may),
        "may": current_may,
        "entry_number": entry_number,
        "my_roles": role_names,
        "language": page_language(),
        "current_site": current_site,
        "own_look": own_look,
        "now": request_now,
        "languages": core_texts.LANGUAGES,
        "alarms_of_page": alarms_of_page,
        "gate_status": status_of_gate,
        "lane_place": full_name,
        "gate_and_lane": gate_and_lane,
        "lost_ways": lost_ways,
        "person_status": person_status,
        "lockdown_of_page": lockdown_of_page,
        "help_address": help_address,
        "in_first_hour": in_first_hour,
        "sealed_text": sealed_text,
    }


def _show_error(error: HTTPException) -> HTTPException | Response:
    code = error.code or 500
    if code < 400:
        return error
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, DatabaseAway):  # it went away while an answer was being made
        return show_trouble(cause)
    if code >= 500:
        undo_request_session()
    if request.path.startswith("/sync/"):
        return error
    if code in REFUSALS:
        note_refusal(code, next((why for kind, why in WHY_REFUSED if isinstance(error, kind)), ""))
    if request.path.startswith("/api/"):
        return answer_in_json(error)
    sentence = sentence_of(error)
    if sentence is not None and takes_json_here():
        refused = jsonify(error=str(sentence))
        refused.status_code = code
        return refused
    is_over = _is_over(error)
    title, text = ERROR_TEXTS.get(401 if is_over else code, ERROR_TEXTS[400 if code < 500 else 500])
    command = "" if sentence else COMMANDS_OF_ERRORS.get(code, "")
    back, back_text = "", _l("To the first page")
    if is_over:
        back, back_text = url_for("security.login", next=_page_before()), _l("Sign in")
    elif code == 429 and _page_of_form():
        back, back_text = _page_of_form(), _l("Back, to try again")
    page = render_template(
        "error.html",
        code=code,
        picture=ERROR_PICTURES.get(code, "warning"),
        title=title,
        text=sentence or text,
        command_line=command,
        back=back,
        back_text=back_text,
    )
    kept = {name: value for name, value in error.get_headers() if name in HEADERS_OF_ERRORS}
    return Response(page, code, kept, mimetype="text/html")


def _is_over(error: HTTPException) -> bool:
    """Return whether a form came from a page of staff that was open for longer than its session."""
    of_staff = request.path.startswith("/manage/")
    return isinstance(error, CSRFError) and of_staff and not current_user.is_authenticated


def _page_before() -> str | None:
    """Return the address here of the page from which a form was sent, None where that is not known."""
    before = urlsplit(request.referrer or "")
    is_here = before.netloc == request.host and before.path.startswith("/manage/")
    return before.path + (f"?{before.query}" if before.query else "") if is_here else None


def _page_of_form() -> str:
    """Return the address of the page whose form was sent, with where it was to lead; "" where it has none."""
    rule = request.url_rule
    has_page = request.method == "POST" and rule is not None and "GET" in (rule.methods or ())
    return request.full_path.rstrip("?") if has_page else ""


def _keep_private(response: Response) -> Response:
    """Keep pages of people out of shared caches and of the browser's history after sign-out."""
    if request.endpoint in SIGNS_OUT and response.status_code in (302, 303):
        # The cache alone: "storage" would also take the key of this phone, which opens the gate offline.
        response.headers["Clear-Site-Data"] = '"cache"'
    if "menjin_trouble" in g:
        return response  # who is signed in cannot be asked
    if current_user.is_authenticated and request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
