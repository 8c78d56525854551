"""Bring the catalogues up to the code: `make translations`.

Each catalogue gets an entry for every text of its sources, in the order of the English texts, and loses the
entries whose text is gone. Translations and comments stay. Nothing in a catalogue names a file or a line: a
change of code alone changes no catalogue.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import PoFileError, read_po, write_po

from gate_controller.contract.languages import LANGUAGES, WRITTEN_IN

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("templates/**.html", "jinja2")]
OPTIONS = {pattern: {"encoding": "utf-8", "silent": "false"} for pattern, _method in METHODS}
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}

HEAD = """\
msgid ""
msgstr ""
"Language: {code}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""

Text = str | tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """The texts of one program: where its catalogues lie, and what is translated by them."""

    translations: str
    sources: tuple[str, ...]


DOMAINS = (
    Domain("web_admin/translations", ("web_admin", "deploy/debian/server")),
    Domain(
        "gate_controller/terminal/translations",
        (
            "gate_controller/terminal",
            "gate_controller/cli.py",
            "gate_controller/installer/prompts.py",
            "deploy/debian/gate/gate_setup.py",
        ),
    ),
    Domain("head_office/translations", ("head_office",)),
    Domain("fleet/translations", ("fleet",)),
)


def texts_of(root: Path, domain: Domain) -> set[Text]:
    """Return every text of the domain's sources that goes through translation."""
    return {text for source in domain.sources for text in _texts_in(root / source) if text}


def _texts_in(source: Path) -> Iterable[Text]:
    if source.is_dir():
        for _file, _line, text, *_more in extract_from_dir(source, METHODS, OPTIONS, keywords=KEYWORDS):
            yield text
    else:
        for _line, text, *_more in extract_from_file("python", source, keywords=KEYWORDS):
            yield text


def catalogues_of(root: Path, domain: Domain) -> list[Path]:
    """Return the sources of a domain's catalogues, one for each language."""
    return sorted((root / domain.translations).glob("*/LC_MESSAGES/*.po"))


def begin_catalogues(root: Path, domain: Domain) -> None:
    """Write an empty catalogue for each language that has none yet."""
    for code in LANGUAGES:
        source = root / domain.translations / code / "LC_MESSAGES" / "messages.po"
        if code != WRITTEN_IN and not source.exists():
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(HEAD.format(code=code, plurals=Catalog(locale=code).plural_forms), "utf-8")


def updated(source: Path, texts: set[Text]) -> bytes:
    """Return a catalogue with exactly these texts; a new one has an empty translation.

    Raise `PoFileError` where the catalogue cannot be read.
    """
    with source.open("rb") as file:
        before = read_po(file, locale=source.parts[-3], abort_invalid=True)
    after = Catalog(locale=before.locale)
    for text in texts:
        kept = before.get(text[0] if isinstance(text, tuple) else text)
        same = kept is not None and isinstance(kept.id, tuple) == isinstance(text, tuple)
        after.add(text, kept.string if same else "", user_comments=kept.user_comments if same else ())
    body = BytesIO()
    write_po(body, after, width=0, no_location=True, omit_header=True, sort_output=True)
    head = source.read_bytes().partition(b"\n\n")[0].rstrip(b"\n")
    return head + b"\n\n" + body.getvalue().strip(b"\n") + b"\n"


def main(root: Path) -> None:
    """Write each catalogue that differs, and print how many texts have no translation yet."""
    for domain in DOMAINS:
        texts = texts_of(root, domain)
        begin_catalogues(root, domain)
        for source in catalogues_of(root, domain):
            try:
                content = updated(source, texts)
            except PoFileError as error:
                sys.exit(
                    f"{source.relative_to(root)}: {error}; mend this entry, then run make translations again"
                )
            if content != source.read_bytes():
                source.write_bytes(content)
            open_texts = [
                entry for entry in read_po(BytesIO(content)) if entry.id and not _translated(entry.string)
            ]
            print(f"{source.relative_to(root)}: {len(texts)} texts, {len(open_texts)} without a translation")


def _translated(string: Text) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2])
