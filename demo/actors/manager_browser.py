"""Operate the manager's browser: the real pages, signed in with password and authenticator code."""

import base64
import hmac
import re
import struct
import time
from collections.abc import Mapping
from html import unescape

import requests

from demo.actors.page_forms import PageForm, forms_of
from demo.actors.phone import ENGLISH, TIMEOUT_SECONDS, PageRefused, words_of

TOTP_STEP_SECONDS = 30
SHOWN_FIRST, SHOWN_FIELD = "data-act-preview", "shown_effects"
ASKS_WHY = 'name="lock_out"'
"""A page that shows first what an act takes from people has these."""
CODE = re.compile(r'<p class="code">\s*([A-Z0-9-]+)\s*</p>')


def totp_code(secret: str, at_seconds: float) -> str:
    """Return the six digits that an authenticator shows (RFC 6238, SHA-1, 30 s)."""
    counter = struct.pack(">Q", int(at_seconds) // TOTP_STEP_SECONDS)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


class ManagerDesk:
    """Does at the manager's pages what the script asks of the office."""

    def __init__(
        self,
        address: str,
        email: str,
        password: str,
        totp_secret: str,
        *,
        headers: Mapping[str, str] = ENGLISH,
    ) -> None:
        """Sign in; raise PageRefused when a page does not let the manager in."""
        self.address = address
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(headers)
        self._send("/staff/sign-in", "/staff/sign-in", {"email": email, "password": password})
        for ahead in (0, 1):  # an earlier sign-in may have used the code of this half minute
            code = totp_code(totp_secret, time.time() + TOTP_STEP_SECONDS * ahead)
            page = self._submit(self._form(self._last, "/staff/code"), {"code": code})
            if "/staff/code" not in "".join(form.action for form in forms_of(page)):
                return
        raise PageRefused(f"the code of {email} was not taken: {words_of(page)}")

    @property
    def cookies(self) -> dict[str, str]:
        """Return the cookies by which a browser is signed in as this account."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def is_signed_in(self) -> bool:
        """Return whether the server still takes these cookies."""
        reply = self._session.get(
            f"{self.address}/manage/account", timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
        return reply.status_code == 200

    def close(self) -> None:
        self._session.close()

    # -- what the script asks ----------------------------------------------------------------------

    def pair_code(self, gate_id: str) -> str:
        page = self._send(f"/manage/gates/{gate_id}", f"/manage/gates/{gate_id}/pair", {})
        found = CODE.search(page)
        if found is None:
            raise PageRefused(f"gate {gate_id}: the page shows no code: {words_of(page)}")
        return found[1]

    def approve(self, pair_id: str, gate_id: str) -> None:
        """Confirm that both screens show the same sixteen characters."""
        self._send(
            f"/manage/gates/{gate_id}", f"/manage/gates/pairings/{pair_id}", {}, having=("answer", "approve")
        )

    def open_lane(self, lane_id: str, reason: str) -> int:
        """Order a lane to open once; return monotonic ns of the press."""
        path = f"/manage/lanes/{lane_id}"
        form = self._form(self._get(path), f"{path}/open", None, path)
        at_ns = time.monotonic_ns()
        self._submit(form, {"reason": reason})
        return at_ns

    def allow_numbers(self, prefix: str) -> None:
        """Let gates call numbers that begin so."""
        self._send("/manage/settings/calls", "/manage/settings/calls", {"prefixes": prefix})

    def shorten_hours(self, hours_id: str, begins: str, ends: str) -> str:
        """Send shorter hours; return what they take from people, of which nothing is done yet."""
        path = f"/manage/hours/{hours_id}"
        form = self._form(self._get(path), path, None, path)
        page = self._submit(form, {"span1-start": begins, "span1-end": ends}, goes_on=False)
        if SHOWN_FIRST not in page:
            raise PageRefused(f"{path} was saved without a word of what it takes: {words_of(page)}")
        return words_of(page, most_chars=800)

    def go_on(self) -> None:
        """Do what was read on the last page; where it keeps people out, for works at a gate."""
        (form,) = (form for form in forms_of(self._last) if any(SHOWN_FIELD in each for each in form.fields))
        self._submit(form, {"lock_out": "works"} if ASKS_WHY in self._last else {})

    def undo_last_act(self) -> None:
        """Press the first *Undo* of the page of acts that can be undone."""
        form = next(form for form in forms_of(self._get("/manage/later")) if form.action.endswith("/undo"))
        self._submit(form, {})

    def end_card(self, person_id: str, credential_id: str, reason: str) -> None:
        self._send(f"/manage/people/{person_id}", f"/manage/cards/{credential_id}/end", {"reason": reason})

    def page(self, path: str) -> str:
        """Return a page's text; raise PageRefused unless it answers 200."""
        return unescape(self._get(path))

    # -- pages and forms ---------------------------------------------------------------------------

    def _get(self, path: str) -> str:
        reply = self._session.get(self.address + path, timeout=TIMEOUT_SECONDS)
        if reply.status_code != 200:
            raise PageRefused(f"{path} answered {reply.status_code}: {words_of(reply.text)}")
        return reply.text

    def _send(
        self,
        page_path: str,
        action: str,
        changes: dict[str, str],
        having: tuple[str, str] | None = None,
    ) -> str:
        """Open a page, fill the form that goes to `action`, send it, and return the page it leads to."""
        page = self._get(page_path)
        return self._submit(self._form(page, action, having, page_path), changes)

    def _form(
        self, page: str, action: str, having: tuple[str, str] | None = None, page_path: str = ""
    ) -> PageForm:
        """Return the form that goes to `action`; one without an action goes to its own page."""
        for form in forms_of(page):
            form.action = form.action.removeprefix(self.address) or page_path
            fits = form.action.partition("?")[0] == action and form.method == "post"
            if fits and (having is None or having in form.fields):
                return form
        raise PageRefused(f"the page has no form that goes to {action}: {words_of(page)}")

    def _submit(self, form: PageForm, changes: dict[str, str], *, goes_on: bool = True) -> str:
        reply = self._session.post(
            self.address + form.action,
            data=form.filled(changes),
            timeout=TIMEOUT_SECONDS,
            headers={"Referer": self.address + "/"},
        )
        self._last = reply.text
        if reply.status_code != 200 and SHOWN_FIRST not in reply.text:
            raise PageRefused(f"{form.action} answered {reply.status_code}: {words_of(reply.text)}")
        if goes_on and SHOWN_FIRST in reply.text and ASKS_WHY not in reply.text:
            self.go_on()
        return self._last
