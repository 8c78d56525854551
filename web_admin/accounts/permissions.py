"""Permissions: one table of roles and actions. A missing row denies.

Every route declares who it is for: `allowed("action")` for staff, `public`, `resident_required` from
`accounts`, or `needs_scope` from `api.access` for other systems. `EndpointsOfOthers` declares the routes
that libraries bring. An undeclared route answers 404, and a test walks the whole map to find it
first.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

View = TypeVar("View", bound=Callable[..., Any])

STAFF_ROLES = ("manager", "guard", "installer", "privacy_officer")
RESIDENT_ROLE = "resident"

# fmt: off
ACTIONS_BY_ROLE: dict[str, frozenset[str]] = {
    "manager": frozenset({
        "see_now", "acknowledge_alarm", "open_once", "set_posture",
        "see_people", "edit_people", "issue_credentials", "suspend_credentials", "see_card_holder",
        "suspend_people", "confirm_suspension", "give_override", "manage_api_keys", "decide_restored",
        "see_visitors", "issue_passes", "serve_at_desk",
        "see_gates", "edit_gates", "pair_gates", "update_gates", "clear_tampering",
        "manage_emergency_codes",
        "see_events", "see_named_passages", "explain_refusals",
        "see_privacy", "edit_privacy", "write_assessment", "approve_assessment",
        "see_requests", "answer_requests", "record_disclosures", "handle_incidents",
        "own_account", "see_staff", "manage_staff", "review_access",
        "see_settings", "edit_settings", "see_health",
    }),
    "guard": frozenset({
        "see_now", "acknowledge_alarm", "open_once", "set_posture",
        "see_people", "suspend_credentials", "confirm_suspension",
        "see_visitors", "issue_passes", "serve_at_desk",
        "see_events", "explain_refusals",
        "own_account",
    }),
    "installer": frozenset({"see_now", "see_gates", "edit_gates", "pair_gates", "own_account", "see_health"}),
    "privacy_officer": frozenset({"see_events", "see_named_passages", "see_privacy", "edit_privacy",
                                  "write_assessment", "approve_assessment",
                                  "see_requests", "answer_requests", "record_disclosures", "handle_incidents",
                                  "own_account", "see_staff", "review_access"}),
}
# fmt: on
ACTIONS = frozenset().union(*ACTIONS_BY_ROLE.values())

PUBLIC, STAFF, RESIDENT, GATE, KEY = "public", "staff", "resident", "gate", "key"

ENDPOINTS_OF_OTHERS = {
    "static": PUBLIC,
    "security.login": PUBLIC,
    "security.logout": PUBLIC,
    "security.verify": STAFF,
    "security.two_factor_setup": PUBLIC,  # reached between password and code; the library checks which
    "security.two_factor_token_validation": PUBLIC,
    "security.two_factor_setup_validate": STAFF,
    "api-docs.openapi_json": PUBLIC,
}
"""Routes of libraries; those of theirs that are missing here are closed."""

_DOORS = frozenset({"security.login", "security.logout", "security.static"})
"""In and out, where there is nothing to see for who is signed in already."""

BLUEPRINTS_OF_GATES = frozenset({"sync_api", "sync_calls", "sync_updates", "sync_site"})
"""Called by gates, which sign every request; people cannot use them."""

CLOSED_BLUEPRINTS = frozenset({"security"})
"""Libraries that bring more routes than we offer; what the table above does not name answers 404."""


def may(action: str, roles: Iterable[str]) -> bool:
    """Return whether any of these roles may do this; an unknown role or action is a no."""
    return any(action in ACTIONS_BY_ROLE.get(role, frozenset()) for role in roles)


def role_names() -> list[str]:
    """Return the roles of the signed-in account, none for a stranger."""
    return [role.name for role in getattr(current_user, "roles", [])]


def current_may(action: str) -> bool:
    """Return whether the signed-in account may do this."""
    return bool(current_user.is_authenticated) and may(action, role_names())


def note_refusal(code: int, why: str = "") -> None:
    """Write down by id who was refused what, and why; strangers' wrong addresses are no news."""
    if request.endpoint is None:
        return
    person_id = getattr(current_user, "person_id", None)
    staff_id = getattr(current_user, "id", None)
    key = g.get("menjin_key")
    who = f"person {person_id}" if person_id else f"staff-{staff_id}" if staff_id else "a stranger"
    who = f"key {key.key_id}" if key is not None else who
    added = f" ({why})" if why else ""
    pattern = request.url_rule.rule if request.url_rule is not None else None
    extra = {"facts": {"method": request.method, "page": pattern, "status": code}}
    current_app.logger.warning(
        "refused: %s got %s at %s %s%s", who, code, request.method, request.endpoint, added, extra=extra
    )
    g.menjin_line = "refused"


def public(view: View) -> View:
    """Declare a page for everyone."""
    return declare(view, PUBLIC)


def declare(view: View, access: str, action: str = "") -> View:
    view.__dict__["menjin_access"] = (access, action)
    return view


def allowed(action: str) -> Callable[[View], View]:
    """Admit staff whose role may do `action`; send strangers to sign in, answer 403 to the rest."""
    if action not in ACTIONS:
        raise ValueError(f"no role may ever do {action!r}: add it to ACTIONS_BY_ROLE")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> Any:
            if not current_user.is_authenticated:
                return to_staff_sign_in()
            if not may(action, role_names()):
                abort(403)
            return view(*args, **kwargs)

        return declare(guarded, STAFF, action)  # type: ignore[return-value]  # same call, same answer

    return decorate


def to_staff_sign_in() -> Response:
    """Send a stranger to sign in, and back afterwards where that is a page to read."""
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("security.login", next=back))


def access_of(app: Flask, endpoint: str) -> tuple[str, str] | None:
    """Return (who an endpoint is for, the action), or None when it is not declared."""
    if endpoint in ENDPOINTS_OF_OTHERS:
        return ENDPOINTS_OF_OTHERS[endpoint], ""
    blueprint = endpoint.rpartition(".")[0]
    if blueprint in BLUEPRINTS_OF_GATES:
        return GATE, ""
    declared: tuple[str, str] | None = getattr(app.view_functions[endpoint], "menjin_access", None)
    return declared


def refuse_residents_at_staff_doors() -> None:
    """Answer 403 to a resident on the staff's sign-in pages; the library admits any signed-in account."""
    of_staff = request.blueprint in CLOSED_BLUEPRINTS and request.endpoint not in _DOORS
    if of_staff and role_names() == [RESIDENT_ROLE]:
        abort(403)


def refuse_undeclared() -> None:
    """Answer 404 on a route that no one declared; runs before every request."""
    if request.endpoint is not None and access_of(current_app, request.endpoint) is None:
        if request.blueprint not in CLOSED_BLUEPRINTS:
            current_app.logger.error("route %s has no declared permission", request.endpoint)
        abort(404)
