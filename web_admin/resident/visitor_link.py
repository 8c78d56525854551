"""What a visitor sees who opens the link: the code, where and until when. No account, no names."""

import base64

import base45
from flask import Blueprint, Response, abort, make_response, render_template
from flask_babel import gettext

from gate_controller.passes import CodeUnreadable, SignedPass, parse_code
from web_admin.database import current_menjin, request_session
from web_admin.models import Site, VisitorPassRow
from web_admin.permissions import public
from web_admin.resident.qr_picture import svg_of
from web_admin.resident.visitors import gate_names
from web_admin.visitors import pass_state

bp = Blueprint("visitor_pass", __name__, url_prefix="/v")


@bp.get("/<text>")
@public
def show(text: str) -> Response:
    """Show the pass in this link; answer 404 unless it is, byte for byte, one that we signed."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        code = parse_code(base45.b45encode(data).decode())
    except (ValueError, CodeUnreadable):  # not base64, not even ASCII, or not a code
        abort(404)
    if not isinstance(code, SignedPass):
        abort(404)
    row = request_session().get(VisitorPassRow, code.visitor_pass.pass_id)
    if row is None or base45.b45decode(row.text) != data:
        abort(404)
    state = pass_state(row, current_menjin().clock())
    response = make_response(
        render_template(
            "resident/visitor_link.html",
            site=request_session().get_one(Site, row.site_id),
            row=row,
            state=state,
            gates=gate_names(row.site_id, row.gate_numbers),
            picture=svg_of(row.text, gettext("Visitor pass")) if state in ("live", "not_yet") else None,
        )
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response
