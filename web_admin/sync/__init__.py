"""Answer what gates call under `/sync/`; imports no other door."""

from flask import Flask

from web_admin.gates.ask_bounds import AskBounds
from web_admin.gates.last_answers import LastAnswers
from web_admin.sync import calls, routes, site_facts, updates
from web_admin.sync.fast_path import FastPath


def register_sync(app: Flask) -> None:
    """Add the gates' routes to the app."""
    app.extensions["menjin_last_answers"] = LastAnswers()
    app.extensions["menjin_ask_bounds"] = AskBounds()
    app.extensions["menjin_call_bounds"] = AskBounds()
    app.extensions["menjin_gate_keys"] = {}
    fast_path = app.extensions["menjin_fast_path"] = FastPath(app, app.wsgi_app)
    app.wsgi_app = fast_path  # type: ignore[method-assign]  # Flask documents this assignment
    for page in (routes, calls, updates, site_facts):
        app.register_blueprint(page.bp)
