"""Come back to the list of the first hour from a page that it led to."""

from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from web_admin.web.page import to

WORD = "first-hour"


def in_first_hour() -> bool:
    """Return whether the list of the first hour led to this page."""
    return request.args.get("then") == WORD


def kept() -> dict[str, Any]:
    """Return what an address says to lead back to the list later; nothing outside the first hour."""
    return {"then": WORD} if in_first_hour() else {}


def after(usual: str) -> str:
    """Return the address of the list where it led to this page, else the usual one."""
    return url_for("now.show") if in_first_hour() else usual


def back_to(endpoint: str, **values: Any) -> Response:
    """Return a redirect to the list where it led to this page, else to the usual page."""
    return to("now.show") if in_first_hour() else to(endpoint, **values)
