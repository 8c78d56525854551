"""Texts that the pages of staff and residents share."""

from flask_babel import gettext


def agreement_text() -> str:
    """Return the text of a guardian's agreement to a child's card and PIN, as shown and stored."""
    text: str = gettext(
        "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
        " nothing else. I can take this back at any time."
    )
    return text
