"""Tries that a server has counted: forgotten, for tests in which all clients have one address."""

from flask import Flask

from web_admin.core.limit_counts import current_counts


def forget_tries(app: Flask) -> None:
    """Forget everything that this server has counted against its limits."""
    with app.app_context():
        current_counts().reset()
