"""Show what is for everyone, signed in or not: front page, rules, report, look, a visitor's pass.

Imports no other door, holds no SQL and no rule.
"""

from flask import Flask

from web_admin.public import (
    biometrics,
    courier,
    front,
    healthz,
    look,
    privacy,
    register,
    report,
    security_txt,
    visitor_link,
)

PAGES = (front, biometrics, register, visitor_link, courier)
BESIDE_STAFF = (
    ("/privacy", "privacy.rules", privacy.rules),
    ("/report", "report.newest", report.newest),
    ("/report/<int(max=999999):number>", "report.one_issue", report.one_issue),
    ("/report/<int(max=999999):number>.json", "report.issue_file", report.issue_file),
    ("/look.css", "settings.look_css", look.look_css),
    ("/logo.svg", "settings.logo", look.logo),
    ("/healthz", "health.healthz", healthz.healthz),
    ("/livez", "health.livez", healthz.livez),
    ("/readyz", "health.readyz", healthz.readyz),
    ("/.well-known/security.txt", "health.security_txt", security_txt.security_txt),
)
"""Pages whose subject has pages of staff too: address, endpoint, view."""


def register_public_pages(app: Flask) -> None:
    for page in PAGES:
        app.register_blueprint(page.bp)
    for address, endpoint, view in BESIDE_STAFF:
        app.add_url_rule(address, endpoint, view)
