"""Keep what a person looks for out of addresses: names do not belong into logs of proxies or into histories.

A search is sent in the body of a form; the address that shows its result holds the text sealed
(decision 59). An address that holds it in the clear, from an older link, is answered all the same.
"""

from flask import request

from web_admin.core.database import current_menjin
from web_admin.core.sealed_places import opened_place, sealed_place

SEALED, IN_THE_CLEAR = "find", "q"


def sealed_text(text: str) -> str | None:
    """Return a text for an address, None for no text."""
    return sealed_place(current_menjin().sealer, text) if text else None


def looked_for(most_chars: int) -> str:
    """Return the text that the address of this page asks for, without more spaces than it needs."""
    sealed = opened_place(current_menjin().sealer, request.args.get(SEALED, ""), str)
    text = sealed if sealed is not None else request.args.get(IN_THE_CLEAR, "")
    return " ".join(text.split())[:most_chars]
