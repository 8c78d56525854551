"""The languages of screens, pages and notices. Their words are in the catalogues `translations/<code>`."""

from enum import StrEnum


class Language(StrEnum):
    """A language by its code; the first is the one that is used where nothing else is known."""

    own_name: str
    """As its readers call it."""
    html_tag: str
    """As the attribute `lang` of a page names it."""
    full_stop: str
    gap: str
    """Separator of two sentences of a line, after the full stop."""

    ZH = ("zh", "中文", "zh-Hans", "。", "")
    EN = ("en", "English", "en", ".", " ")

    def __new__(
        cls, code: str, own_name: str = "", html_tag: str = "", full_stop: str = "", gap: str = ""
    ) -> "Language":
        """Make a text of the code that has its names and its marks beside it."""
        made = str.__new__(cls, code)
        made._value_, made.own_name, made.html_tag = code, own_name, html_tag
        made.full_stop, made.gap = full_stop, gap
        return made


LANGUAGES: tuple[str, ...] = tuple(language.value for language in Language)
DEFAULT_LANGUAGE = Language(LANGUAGES[0])
WRITTEN_IN = Language.EN
"""The language of the texts in the code: the only one without catalogues."""

READ_AS = {"cmn": Language.ZH, "yue": Language.ZH}
"""Other codes by which a browser may name one of them: Mandarin and Cantonese are read as Chinese."""


def html_tag(code: str) -> str:
    """Return what the attribute `lang` says for a language; a code that is none of ours stays."""
    return Language(code).html_tag if code in LANGUAGES else code
