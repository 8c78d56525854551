"""Answer of a page's function: its type, and the redirect after a form."""

from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

Page = str | Response | tuple[str, int]
"""A page, a redirect or file, or a page with its status."""


def to(endpoint: str, **values: Any) -> Response:
    """Return a redirect after a form was posted."""
    return redirect(url_for(endpoint, **values), 303)
