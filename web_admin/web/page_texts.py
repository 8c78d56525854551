"""Texts that the pages of staff and of residents share, and the language they are shown in."""

from flask_babel import get_locale, gettext


def page_language() -> str:
    """Return the language of the page, which is that of its notices and agreements."""
    return "zh" if str(get_locale()).startswith("zh") else "en"


def agreement_text() -> str:
    """Return what a guardian agrees to for a child's card and PIN, as pages show it and rows keep it."""
    text: str = gettext(
        "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
        " nothing else. I can take this back at any time."
    )
    return text
