"""The return type of a page's function."""

from werkzeug.wrappers import Response

Page = str | Response | tuple[str, int]
"""A page, a redirect or file, or a page with its status."""
