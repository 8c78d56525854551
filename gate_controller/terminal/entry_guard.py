"""Admit the gate's own screen and no other program on this machine.

The page opens a gate by what is typed on it, so other programs, other users and pages of other
origins in the same browser must not reach it, also not by a name that a foreign DNS server points
at 127.0.0.1. The kiosk proves itself once with the launch token, and after that with a cookie.
"""

import hashlib
import hmac
import os
import secrets
from html import escape
from pathlib import Path

from flask import Request

ACT_HEADER = "Menjin-Terminal"
"""Sent with every action; a form of a foreign page cannot set it."""
MIN_TOKEN_CHARACTERS = 32
OWN_FETCH_SITES = ("same-origin", "none")


class EntryGuard:
    """Judges requests to one terminal page at one port."""

    def __init__(self, launch_token: str, port: int) -> None:
        if len(launch_token) < MIN_TOKEN_CHARACTERS:
            raise ValueError(
                f"The launch token has fewer than {MIN_TOKEN_CHARACTERS} characters; make a new one."
            )
        self._launch_token = launch_token
        self._hosts = tuple(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        # Cookies know no ports: another page on 127.0.0.1 must not overwrite ours by accident.
        self.cookie_name = f"menjin_terminal_{port}"
        # Made from the token, so the screen stays signed in when the controller restarts.
        self.cookie_value = hmac.new(
            launch_token.encode(), b"menjin/terminal/cookie", hashlib.sha256
        ).hexdigest()

    def has_own_host(self, request: Request) -> bool:
        """Return whether the request was sent to this page's own name."""
        return request.headers.get("Host", "") in self._hosts

    def accepts_token(self, token: str) -> bool:
        """Return whether this is the launch token, in constant time."""
        return hmac.compare_digest(token.encode(), self._launch_token.encode())

    def accepts(self, request: Request) -> bool:
        """Return whether the request is from the screen that showed the token, and from our own page."""
        cookie = request.cookies.get(self.cookie_name, "")
        if not hmac.compare_digest(cookie.encode(), self.cookie_value.encode()):
            return False
        # A page on another port of this machine is "same-site", so SameSite alone would let it in.
        if request.headers.get("Sec-Fetch-Site", "none") not in OWN_FETCH_SITES:
            return False
        if request.method in ("GET", "HEAD"):
            return True
        origin = f"http://{request.headers.get('Host', '')}"
        return request.headers.get("Origin") == origin and request.headers.get(ACT_HEADER) == "1"


def keep_launch_token(path: Path) -> str:
    """Return the token in this file; make the file, readable by owner and group, when there is none.

    Raise ValueError when the file holds no token, OSError when it cannot be read or made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except FileExistsError:
        token = path.read_text(encoding="ascii").strip()
        if len(token) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"{path} holds no launch token; delete it and start again.") from None
        return token
    with os.fdopen(handle, "w", encoding="ascii") as file:
        token = secrets.token_urlsafe(32)
        file.write(token + "\n")
    return token


def write_launch_page(path: Path, launch_url: str) -> None:
    """Write the page that the kiosk's browser opens first, whole at once, for owner and group only."""
    url = escape(launch_url, quote=True)
    page = (
        '<!doctype html><meta charset="utf-8"><title>Menjin</title>'
        f'<meta http-equiv="refresh" content="0;url={url}">\n'
    )
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    draft.replace(path)
