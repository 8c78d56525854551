"""Answer with a JSON file to keep."""

import msgspec
from flask import Response


def as_file(whole: dict[str, object], name: str) -> Response:
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
