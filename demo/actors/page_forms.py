"""Read the forms of a page as a browser does: every field with the value it would send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

NOT_SENT = frozenset({"submit", "button", "reset", "image", "file"})


@dataclass(slots=True)
class PageForm:
    """The address of a form and the fields that it would send unchanged."""

    action: str
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, changes: dict[str, str]) -> list[tuple[str, str]]:
        """Return the fields to send after these changes."""
        return [field for field in self.fields if field[0] not in changes] + list(changes.items())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._area: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(given.get("action", ""), given.get("method", "get").lower()))
        elif not self.forms:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select, self._options = given.get("name"), []
        elif tag == "option" and self._select:
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._area, self._text = given.get("name"), ""

    def _input(self, given: dict[str, str]) -> None:
        kind, name = given.get("type", "text"), given.get("name", "")
        unticked = kind in ("checkbox", "radio") and "checked" not in given
        if name and kind not in NOT_SENT and not unticked and "disabled" not in given:
            self.forms[-1].fields.append((name, given.get("value", "on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select and self._options:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self.forms[-1].fields += [(self._select, value) for value in chosen]
            self._select = None
        elif tag == "textarea" and self._area:
            self.forms[-1].fields.append((self._area, self._text.removeprefix("\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data


def forms_of(page: str) -> list[PageForm]:
    """Return a page's forms, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms
