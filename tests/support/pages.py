"""Pages as a browser shows them: without the space that the lines of a template put beside tags."""

import re
from functools import cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

KEPT = re.compile(r"(<(?:textarea|pre)\b.*?</(?:textarea|pre)>)", re.DOTALL)
TAG = re.compile(r"(<[a-z!/][^<>]*>)", re.IGNORECASE)
QUOTED = re.compile(r'("[^"]*")')
END = re.compile(r"(?:\s+/?|/)>$")


def without_layout(html: str) -> str:
    """Return a page with each tag on one line and no line break beside a tag, textarea and pre unchanged."""
    parts = KEPT.split(html)
    parts[::2] = map(_unbroken, parts[::2])
    return "".join(parts)


def _unbroken(html: str) -> str:
    parts = TAG.split(html)
    parts[::2] = [_text(text) if "\n" in text else text for text in parts[::2]]
    parts[1::2] = [_on_one_line(tag) if "\n" in tag or END.search(tag) else tag for tag in parts[1::2]]
    return "".join(parts)


def _on_one_line(tag: str) -> str:
    parts = QUOTED.split(END.sub(">", tag))
    parts[::2] = [re.sub(r"\s*\n\s*", " ", part) for part in parts[::2]]
    return "".join(parts)


def _text(between: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"^\s*\n\s*|\s*\n\s*$", "", between))


class _Page:
    @cached_property
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
