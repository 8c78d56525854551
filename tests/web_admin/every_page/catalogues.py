"""The Chinese catalogue of the server."""

from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3] / "web_admin"

TRANSLATIONS = ROOT / "translations"

CHINESE = TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po"


def entries():
    with CHINESE.open("rb") as file:
        return [entry for entry in read_po(file, locale="zh", abort_invalid=True) if entry.id]


def catalogue():
    return {entry.id: entry.string for entry in entries()}
