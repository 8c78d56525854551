"""The resident's phone page under /r/, and the page that a visitor's link opens under /v/.

Everything here acts for the person who is signed in and on their own things only: an id of somebody
else in an address answers 404. Changes go through the acts; these modules read, ask and show.
"""

from flask import Flask

from web_admin.resident import (
    asked_messages,
    certificates,
    deletion,
    desk_asks,
    export,
    face,
    guardian,
    help_page,
    home_person,
    my_code,
    my_home,
    new_visitor,
    offline,
    passkeys,
    printed_code,
    proving,
    records,
    releases,
    requests,
    sign_in,
    visitor_link,
    visitor_slips,
    visitors,
    ways_in,
)
from web_admin.resident.blueprint import bp
from web_admin.web.shown_once import ShownOnce

__all__ = ["bp", "register_resident_pages"]

PAGES = (
    ways_in, my_code, offline, visitors, new_visitor, my_home, home_person, face, guardian, records, export,
    deletion, requests, certificates, help_page, passkeys, asked_messages, sign_in, visitor_slips,
    printed_code, proving, desk_asks, releases,
)  # fmt: skip


def register_resident_pages(app: Flask) -> None:
    """Register the residents' pages and the public page of a visitor's pass."""
    app.extensions["menjin_shown_once"] = ShownOnce()
    app.register_blueprint(bp)
    app.register_blueprint(visitor_link.bp)
