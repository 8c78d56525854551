"""Refuse changes that another site's page sends in the name of the signed-in account.

A form's token is the first lock (`CSRFProtect`); this is the second, for a token that leaked. Gates sign
their requests and name no origin.
"""

from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import BadRequest

from web_admin.accounts.permissions import BLUEPRINTS_OF_GATES
from web_admin.core.database import current_menjin

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class FromElsewhere(BadRequest):
    """A change that another site's page sent."""


def refuse_foreign_origin() -> None:
    """Answer 400 to a change whose Origin is not ours; runs before every request.

    Only the host is compared: behind a proxy this server may not know that people come by HTTPS.
    """
    origin = request.headers.get("Origin")
    if request.method in READING or origin is None or request.blueprint in BLUEPRINTS_OF_GATES:
        return
    ours = {request.host, urlsplit(current_menjin().config.public_url).netloc}
    if urlsplit(origin).netloc not in ours:
        raise FromElsewhere
