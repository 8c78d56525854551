"""`make translations`: catalogues hold the texts of the code, in one form whatever else changes."""

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gate_controller.terminal.texts import _calls
from web_admin.resident.call import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "demo")
FLEET = "fleet/translations/zh/LC_MESSAGES/messages.po"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "deploy/release")
    yield importlib.import_module("translations")
    sys.modules.pop("translations")


@pytest.fixture
def checkout(tmp_path: Path, tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of `menjin fleet` alone, and one program in it that says two texts."""
    monkeypatch.setattr(tool, "DOMAINS", [one for one in tool.DOMAINS if one.sources == ("fleet",)])
    (tmp_path / FLEET).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / FLEET, tmp_path / FLEET)
    (tmp_path / "fleet/said.py").write_text('_("%(cell)s was not backed up: %(why)s")\n_("A new text")\n')
    return tmp_path


@pytest.mark.wide
def test_every_catalogue_has_the_form_that_the_command_gives_it(tool: ModuleType) -> None:
    stale, seen = [], set()
    for domain in tool.DOMAINS:
        texts = tool.texts_of(ROOT, domain)
        for source in tool.catalogues_of(ROOT, domain):
            seen.add(source)
            if tool.updated(source, texts) != source.read_bytes():
                stale.append(str(source.relative_to(ROOT)))
    assert stale == [], "run make translations"
    assert seen == {path for package in PACKAGES for path in (ROOT / package).rglob("LC_MESSAGES/*.po")}


def test_every_text_of_a_page_can_be_formatted(tool: ModuleType) -> None:
    """A template formats each text that it shows: a bare per cent sign in one would be an error."""
    for package in ("web_admin", "gate_controller/terminal", "head_office"):
        pages = [("**.html", "jinja2")]
        for _file, _line, found, _notes, _context in extract_from_dir(
            ROOT / package, pages, tool.OPTIONS, tool.KEYWORDS
        ):
            for text in (found,) if isinstance(found, str) else found:
                _ = text % dict.fromkeys(re.findall(r"%\((\w+)\)", text), 0)


def test_a_home_chooses_its_answer_in_the_words_that_the_gate_says() -> None:
    """A courier does what the gate says, and the home believes that they read what it has chosen."""
    on_page = {f"reply_{reply}": str(sentence) for reply, sentence in SENTENCES.items()}
    at_gate = {key: text for key, text in _calls().items() if key.startswith("reply_")}
    assert on_page == at_gate
    page, gate = (_catalogue(package) for package in ("web_admin", "gate_controller/terminal"))
    assert {text: page[text] for text in on_page.values()} == {text: gate[text] for text in on_page.values()}


def _catalogue(package: str) -> dict[str, str]:
    """Return the Chinese of each text of a package."""
    path = ROOT / package / "translations/zh/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file)}


def test_new_texts_come_in_empty_and_texts_that_are_gone_go(
    tool: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool.main(checkout)
    head = (ROOT / FLEET).read_text(encoding="utf-8").partition("\n\n")[0]
    assert (checkout / FLEET).read_text(encoding="utf-8") == (
        f"{head}\n\n"
        '#, python-format\nmsgid "%(cell)s was not backed up: %(why)s"\n'
        'msgstr "%(cell)s 未能备份：%(why)s"\n\n'
        'msgid "A new text"\nmsgstr ""\n'
    )
    assert capsys.readouterr().out == f"{FLEET}: 2 texts, 1 without a translation\n"


def test_a_new_language_gets_a_catalogue_in_its_own_plurals(
    tool: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "LANGUAGES", ("zh", "en", "pl"))
    (checkout / "fleet/said.py").write_text('ngettext("%(num)d cell", "%(num)d cells", 2)\n')
    tool.main(checkout)
    begun = checkout / FLEET.replace("/zh/", "/pl/")
    with begun.open("rb") as file:
        catalogue = read_po(file, locale="pl", abort_invalid=True)
    assert [(entry.id, entry.string) for entry in catalogue if entry.id] == [
        (("%(num)d cell", "%(num)d cells"), ("",) * catalogue.num_plurals)
    ]
    assert catalogue.num_plurals > 2
    assert begun.read_text(encoding="utf-8").count("Plural-Forms") == 1
    assert not (checkout / FLEET.replace("/zh/", "/en/")).exists()
    before = begun.read_bytes()
    tool.main(checkout)
    assert begun.read_bytes() == before


def test_comments_of_translators_stay(tool: ModuleType, checkout: Path) -> None:
    texts = {"A new text"}
    source = checkout / FLEET
    source.write_bytes(tool.updated(source, texts).replace(b'msgid "A', b'# What a cell is.\nmsgid "A'))
    assert tool.updated(source, texts) == source.read_bytes()
    assert b"# What a cell is." in source.read_bytes()


def test_a_catalogue_that_a_merge_broke_is_named_and_stays(tool: ModuleType, checkout: Path) -> None:
    broken = (checkout / FLEET).read_bytes() + b"\n<<<<<<< HEAD\n"
    (checkout / FLEET).write_bytes(broken)
    with pytest.raises(SystemExit, match=FLEET):
        tool.main(checkout)
    assert (checkout / FLEET).read_bytes() == broken
