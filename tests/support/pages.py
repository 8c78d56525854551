"""Pages as a browser shows them: without the space that the lines of a template put beside tags."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

KEPT = re.compile(r"(<(?:textarea|pre)\b.*?</(?:textarea|pre)>)", re.DOTALL)
TAG = re.compile(r"(<[a-z!/][^<>]*>)", re.IGNORECASE)
QUOTED = re.compile(r'("[^"]*")')


def without_layout(html: str) -> str:
    """Return a page with each tag on one line and no line break beside a tag, textarea and pre unchanged."""
    return "".join(part if KEPT.fullmatch(part) else _unbroken(part) for part in KEPT.split(html))


def _unbroken(html: str) -> str:
    return "".join(_on_one_line(part) if TAG.fullmatch(part) else _text(part) for part in TAG.split(html))


def _on_one_line(tag: str) -> str:
    parts = QUOTED.split(re.sub(r"\s*/?>$", ">", tag))
    return "".join(part if QUOTED.fullmatch(part) else re.sub(r"\s*\n\s*", " ", part) for part in parts)


def _text(between: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"^\s*\n\s*|\s*\n\s*$", "", between))


class _Page:
    @property
    def text(self) -> str:
        """The page without its layout, anything else as it was sent."""
        sent: str = self.get_data(as_text=True)  # type: ignore[attr-defined]
        is_page = self.mimetype == "text/html"  # type: ignore[attr-defined]
        return without_layout(sent) if is_page else sent


class PageClient(FlaskClient):
    """A client whose answers give a page's `text` without its layout; `data` has every byte."""

    def __init__(self, app: Flask, *args: Any, **kwargs: Any) -> None:
        super().__init__(app, *args, **kwargs)
        self.response_wrapper = type("PageAnswer", (_Page, self.response_wrapper), {})
