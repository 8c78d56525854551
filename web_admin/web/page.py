"""What the function of a page returns."""

from werkzeug.wrappers import Response

Page = str | Response | tuple[str, int]
"""A page, a redirect or file, or a page with its status."""
