"""Texts that the pages of staff and residents share, and their language."""

from flask_babel import get_locale, gettext


def page_language() -> str:
    """Return the language of the page, which is that of its notices and agreements."""
    return "zh" if str(get_locale()).startswith("zh") else "en"


def agreement_text() -> str:
    """Return the text of a guardian's agreement to a child's card and PIN, as shown and stored."""
    text: str = gettext(
        "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
        " nothing else. I can take this back at any time."
    )
    return text
