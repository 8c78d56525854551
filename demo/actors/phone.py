"""Operate a resident's phone: the real pages over HTTP, and a key that never leaves it."""

import base64
import json
import re
import time
from collections.abc import Mapping
from html import unescape

import requests
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_controller.contract.passes import RESIDENT_DOMAIN, code_text, resident_code_body, signed_message

TIMEOUT_SECONDS = 15.0
CSRF = re.compile(r'(?:name="csrf_token"[^>]*value="([^"]+)"|data-csrf="([^"]+)")')

ENGLISH = {"Accept-Language": "en"}
SURE = ("sure", "1")
ASKS_FIRST = 'name="sure"'
"""The field by which a page shows that it asks before an act ends something for good."""


class PageRefused(Exception):
    """A page did not do what a person asked of it; says which page and what it showed."""


class Browser:
    """Fetches pages and posts their forms with the token each carries, as a browser does."""

    def __init__(self, address: str, *, headers: Mapping[str, str] = ENGLISH) -> None:
        """Open a browser without cookies at this server."""
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(headers)
        self._csrf = ""

    @property
    def cookies(self) -> dict[str, str]:
        """Return the cookies that the server gave this browser."""
        return {cookie.name: cookie.value or "" for cookie in self.session.cookies}

    def close(self) -> None:
        self.session.close()

    def get(self, path: str) -> str:
        """Return a page's text; raise PageRefused unless it answers 200."""
        reply = self.session.get(self.address + path, timeout=TIMEOUT_SECONDS)
        return self._page(path, reply)

    def post(self, path: str, fields: dict[str, str] | list[tuple[str, str]]) -> str:
        """Post a form, press the button of a page that asks first, and return the page it leads to.

        Raise PageRefused when it is refused.
        """
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        page = self._posted(path, pairs)
        return self._posted(path, [*pairs, SURE]) if ASKS_FIRST in page else page

    def _posted(self, path: str, pairs: list[tuple[str, str]]) -> str:
        reply = self.session.post(
            self.address + path,
            data=[("csrf_token", self._csrf), *pairs],
            timeout=TIMEOUT_SECONDS,
            headers={"Referer": self.address + path},
        )
        return self._page(path, reply)

    def post_json(self, path: str, content: dict[str, str] | None = None) -> dict[str, str]:
        """Post as the page's script does and return its answer; raise PageRefused when it is refused."""
        reply = self.session.post(
            self.address + path,
            json=content,
            timeout=TIMEOUT_SECONDS,
            headers={"X-CSRFToken": self._csrf, "Referer": self.address + path},
        )
        if reply.status_code != 200:
            raise PageRefused(f"{path} answered {reply.status_code}: {words_of(reply.text)}")
        answer: dict[str, str] = reply.json()
        return answer

    def _page(self, path: str, reply: requests.Response) -> str:
        found = CSRF.search(reply.text)
        if found is not None:
            self._csrf = unescape(found[1] or found[2])
        if reply.status_code != 200:
            raise PageRefused(f"{path} answered {reply.status_code}: {words_of(reply.text)}")
        return reply.text


def words_of(page: str, most_chars: int = 200) -> str:
    """Return the words of a page's main part, for a person who reads why something failed."""
    main = page.partition("<main")[2].partition(">")[2].partition("</main>")[0] or page
    plain = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", main, flags=re.DOTALL)
    return " ".join(unescape(plain).split())[:most_chars]


class Phone(Browser):
    """One resident's phone, after the invitation was used."""

    def __init__(self, address: str, invitation: str, *, headers: Mapping[str, str] = ENGLISH) -> None:
        """Open the invitation's link and press the button, as on a new phone."""
        super().__init__(address, headers=headers)
        self._key = generate_private_key(SECP256R1())
        self.credential_id = ""
        self.site_id = ""
        self._last_second = 0
        self.get(f"/r/welcome/{invitation}")
        self.post("/r/welcome", {"code": invitation})

    def is_signed_in(self) -> bool:
        """Return whether the server still takes this phone's cookies."""
        reply = self.session.get(f"{self.address}/r/", timeout=TIMEOUT_SECONDS, allow_redirects=False)
        return reply.status_code == 200

    def switch(self, method: str, on: bool) -> str:
        """Press the switch of a way in and return the page."""
        self.get("/r/")
        return self.post(f"/r/ways/{method}", {"on": "1" if on else "0"})

    def register_key(self) -> None:
        """Give the server this phone's public key."""
        self.get("/r/code")
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        answer = self.post_json("/r/code/key", {"public_key": base64.b64encode(public).decode()})
        self.credential_id, self.site_id = str(answer["credential_id"]), str(answer["site_id"])

    def code(self) -> str:
        """Make the code the phone shows, without the network, as `code_text.js` does.

        Each is of a later second than the one before: a person cannot tap the page faster.
        """
        while int(time.time()) <= self._last_second:
            time.sleep(0.01)
        self._last_second = int(time.time())
        body = resident_code_body(self.credential_id, self._last_second)
        der = self._key.sign(signed_message(RESIDENT_DOMAIN, self.site_id, body), ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        return code_text(body, r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def forged_code(self) -> str:
        """Make a code for this phone's credential with another person's key."""
        body = resident_code_body(self.credential_id, int(time.time()))
        stranger = generate_private_key(SECP256R1())
        der = stranger.sign(signed_message(RESIDENT_DOMAIN, self.site_id, body), ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        return code_text(body, r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def visitor_link(self, label: str, *gate_numbers: int) -> str:
        """Make a visitor's pass for the next day; return the path of its link."""
        self.get("/r/visitors")
        fields = [("label", label), ("uses", "many"), ("when", "day")]
        page = self.post("/r/visitors", fields + [("gate_numbers", str(number)) for number in gate_numbers])
        found = re.search(r"/v/[A-Za-z0-9_-]+", page)
        if found is None:
            raise PageRefused(f"the page of the new pass shows no link: {words_of(page)}")
        return found[0]

    def visitor_pass(self, label: str, gate_number: int) -> str:
        """Make a visitor's pass for the next day, open its link, and return the text of the code shown."""
        shown: dict[str, str | None] = json.loads(self.get(f"{self.visitor_link(label, gate_number)}/now"))
        text = shown["text"]
        if text is None:
            raise PageRefused(f"the visitor's page shows no code; the pass is {shown['state']}")
        return text

    def say_yes_to_face(self) -> None:
        """Read the notice and consent to exactly that."""
        page = self.get("/r/face")
        version = re.search(r'name="notice_version" value="(\d+)"', page)
        language = re.search(r'name="language" value="(zh|en)"', page.partition("notice_version")[2])
        if version is None or language is None:
            raise PageRefused(f"/r/face shows no notice: {words_of(page)}")
        self.post("/r/face/yes", {"notice_version": version[1], "language": language[1]})
