"""Public page of the register of processing, for people and machines."""

import msgspec
from flask import Blueprint, Response

from web_admin.accounts.permissions import public
from web_admin.core.database import current_menjin, request_session
from web_admin.privacy.register import register_of
from web_admin.tables import METADATA
from web_admin.web.site import current_site

bp = Blueprint("register", __name__)


@bp.get("/privacy/register.json")
@public
def register() -> Response:
    whole = register_of(request_session(), current_site(), current_menjin().config, METADATA)
    return Response(msgspec.json.format(msgspec.json.encode(whole), indent=2), mimetype="application/json")
