"""Operate a phone of a home that is called: its settings of calls, its ringing page, its numbers."""

import json
import re
import time
from html import unescape

from demo.actors.phone import PageRefused, Phone, words_of

PROOF = re.compile(r'class="digits"[^>]*>\s*([0-9 ]+)<')
NUMBER_PAGE = re.compile(r"/r/calls/numbers/([0-9a-f]+)")


class CalledHome:
    """The calls of one resident's phone, by the pages that it shows."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    # -- settings ----------------------------------------------------------------------------------

    def switch(self, *, on: bool) -> None:
        """Let gates call the home, or no more."""
        self._send("/r/calls/switch", {"on": "1" if on else "0"})

    def at_all_hours(self) -> None:
        """Let calls come at night too."""
        self._send("/r/calls/quiet", {"quiet": "0"})

    def order(self, first: str, *, guard: bool) -> None:
        """Choose what rings first, as the page words it, and whether the guard comes last."""
        self._send("/r/calls/order", {"first": first, **({"guard": "1"} if guard else {})})

    def couriers(self, word: str) -> None:
        """Choose what happens when a courier names the home."""
        self._send("/r/calls/couriers", {"courier": word})

    def add_number(self, number: str) -> tuple[str, str]:
        """Add a telephone's number; return its page and the digits to type at the telephone."""
        page = self._send("/r/calls/numbers", {"number": number, "number_label": "Landline"})
        found, where = PROOF.search(page), NUMBER_PAGE.search(page)
        if found is None or where is None:
            raise PageRefused(f"the page of the new number shows no digits: {words_of(page)}")
        return where[0], found[1].replace(" ", "")

    def is_proved(self, page_path: str) -> bool:
        """Return whether the page of a number says that it is proved."""
        return 'data-state="proved"' in self._phone.get(page_path)

    # -- a call ------------------------------------------------------------------------------------

    def ringing(self) -> str | None:
        """Return the address of the call that rings for this phone, None while none does."""
        call = json.loads(self._phone.get("/r/call/now"))["call"]
        return None if call is None else str(call["address"])

    def press(self, call: str, what: str, **fields: str) -> int:
        """Press a button of the ringing page; return monotonic ns of the press."""
        page = self._phone.get(call)
        once = re.search(rf'action="{re.escape(f"{call}/{what}")}".*?name="once" value="([^"]+)"', page, re.S)
        if once is None:
            raise PageRefused(f"the call's page has no button {what}: {words_of(page)}")
        at_ns = time.monotonic_ns()
        self._phone.post(f"{call}/{what}", {"once": unescape(once[1]), **fields})
        return at_ns

    def words(self, call: str) -> str:
        return words_of(self._phone.get(call), most_chars=1000)

    def _send(self, path: str, fields: dict[str, str]) -> str:
        self._phone.get("/r/calls")
        return self._phone.post(path, fields)
