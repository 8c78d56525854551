"""Answer what gates call under `/sync/`; imports no other door."""

from flask import Flask

from web_admin.gates.ask_bounds import AskBounds
from web_admin.gates.unchanged_asks import UnchangedAsks
from web_admin.sync import routes, site_facts, updates


def register_sync(app: Flask) -> None:
    """Add the gates' routes to the app."""
    app.extensions["menjin_unchanged_asks"] = UnchangedAsks()
    app.extensions["menjin_ask_bounds"] = AskBounds()
    app.extensions["menjin_gate_keys"] = {}
    for page in (routes, updates, site_facts):
        app.register_blueprint(page.bp)
