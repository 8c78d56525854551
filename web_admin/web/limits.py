"""Bound the size of a request and trust the configured number of proxies."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from web_admin.core.config import WebConfig
from web_admin.web.request_bodies import init_request_checks

MAX_FORM_BYTES = 2 * 1024 * 1024


def init_limits(app: Flask, config: WebConfig) -> None:
    """Check and bound what clients send, and trust exactly the configured number of reverse proxies."""
    init_request_checks(app)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    count = config.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask documents this very assignment
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
