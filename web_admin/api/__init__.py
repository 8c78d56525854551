"""Answer other systems, such as property software and couriers, as the OpenAPI document describes.

A key and its scopes say what a system may do. It reads and writes people, homes, cards and passes through
the same actions as the pages, and reads what gates wrote, without persons. No route leads to a consent, a
face, a PIN or who chose which way in. Imports no other door, holds no SQL and no rule.
"""

from typing import Any

from apispec import APISpec
from flask import Flask
from flask_smorest import Api, Blueprint

from web_admin.api import alarms, cards, events, gates, homes, metrics, overview, passes, people, who_may
from web_admin.api.access_schemas import DryRun
from web_admin.api.dry_run import ANSWER, PARAMETER, QUERY, SCOPE
from web_admin.api.schemas import ID_PATTERN
from web_admin.gates.rules import MAX_SLUG_CHARS, SLUG
from web_admin.web.shared_parts import SharedParts

PREFIX = "/api/v1"
BLUEPRINTS = (
    homes.bp,
    people.bp,
    cards.bp,
    passes.bp,
    events.bp,
    alarms.bp,
    metrics.bp,
    overview.bp,
    who_may.bp,
    gates.bp,
)
AN_ID = {"type": "string", "pattern": ID_PATTERN, "maxLength": 16}
SHORT_NAME = {"type": "string", "pattern": f"^{SLUG.pattern}$", "maxLength": MAX_SLUG_CHARS}
WRITING = ("post", "put", "patch", "delete")
SETTINGS = {
    "API_TITLE": "Menjin",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": PREFIX,
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "info": {"description": "For other systems of one compound. Ask the property manager for a key."},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    },
}


def register_api(app: Flask, shared: SharedParts | None = None) -> None:
    """Add the interface to the app; call it before the pages, which show their own errors."""
    app.config.update(SETTINGS)
    overview.keep_figures(app)
    known = shared.document if shared is not None else None
    api = Api(app) if known is None else _DescribedApi(app, known)
    for bp in BLUEPRINTS:
        app.extensions["csrf"].exempt(bp)
        api.register_blueprint(bp, url_prefix=PREFIX)
    if known is None:
        _say_what_the_library_cannot(api)
    if shared is not None:
        shared.document = api.spec


class _DescribedApi(Api):  # type: ignore[misc]  # the library has no types
    """The interface of a further server of this process, described by the first one's document."""

    def __init__(self, app: Flask, document: APISpec) -> None:
        self._document = document
        super().__init__(app)

    def _init_spec(self, **_options: object) -> None:
        """Take the document as it is."""
        self.spec = self._document

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """Add the addresses and nothing to the document."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)


def _say_what_the_library_cannot(api: Api) -> None:
    """Write into the document what an id in an address is, and that a correction corrects something."""
    api.spec.components.schemas["PersonEdit"]["minProperties"] = 1
    for path in api.spec._paths.values():  # the library gives no other way to a path's parameters
        for parameter in path.get("parameters", []):
            is_short_name = parameter["name"] in ("gate_id", "lane_id")
            parameter["schema"] = dict(SHORT_NAME if is_short_name else AN_ID)
    _describe_dry_runs(api)


def _describe_dry_runs(api: Api) -> None:
    """Write into the document that every call that writes can be tried, and what it answers then."""
    api.spec.components.schema("DryRun", schema=DryRun)
    tried = {"$ref": "#/components/schemas/DryRun"}
    asked = {"name": PARAMETER, "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}}
    for path in api.spec._paths.values():
        for operation in (path[method] for method in WRITING if method in path):
            operation.setdefault("parameters", []).append(
                {**asked, "description": f"Change nothing. Needs `{SCOPE}` too. {QUERY}"}
            )
            operation["responses"].setdefault("422", {"description": QUERY})
            done = operation["responses"].setdefault("200", {"description": ANSWER})
            content = done.setdefault("content", {}).setdefault("application/json", {})
            content["schema"] = {"oneOf": [content["schema"], tried]} if "schema" in content else tried
