"""The ways through the code and "Where do I put …": each file, folder, command and name in them exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
HEADS = ("step | file | function", "what | where")
LINES = [line.strip("| ") for line in PAGE.splitlines() if line.startswith("| ")]
ROWS = [line for line in LINES if line not in HEADS]
WITHOUT_NAMES = {"9 entry and relay | as [a card](#a-card-from-the-byte-to-the-relay), steps 6 and 7"}
OF_AN_INSTALLATION = {"web.toml"}
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "face_laboratory")
CODE = {".py", ".js", ".html"}
BOTH_AT_ONCE = {"web_admin/templates/trouble.html", "web_admin/templates/cell_out.html"}
"""Pages for when nothing is known of their reader: each sentence is there in Chinese and English."""


WIRING = "hardware/*/drivers.py"
"""A driver brings what it says to an installer, in the languages that its maker speaks."""


def quoted(row: str) -> list[str]:
    return re.findall(r"`([^`]+)`", row)


def paths_of(row: str) -> list[Path]:
    """Return the files and folders that a row names from the root or beside one that it named before."""
    found: list[Path] = []
    for word in quoted(row):
        if re.fullmatch(r"[\w*/.-]+(?:/|\.(?:py|js|md|toml))", word):
            folders = [ROOT, *(path if path.is_dir() else path.parent for path in reversed(found))]
            places = [*folders, *(folder.parent for folder in folders[1:])]
            found += next((hits for place in places if (hits := sorted(place.glob(word.rstrip("/"))))), [])
    return found


def is_a_file_of_subjects(word: str) -> bool:
    return "/" not in word and len(list((ROOT / "web_admin").glob(f"*/{word}"))) > 5


def is_there(word: str, row: str) -> bool:
    if word in OF_AN_INSTALLATION:
        return True
    if command := re.fullmatch(r"make ([a-z-]+).*", word):
        return f"\n{command[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    if module := re.fullmatch(r"python -m ([\w.]+)", word):
        return (ROOT / f"{module[1].replace('.', '/')}.py").is_file()
    if method := re.fullmatch(r"([A-Z]\w+)\.(\w+)", word):
        return all(is_there(part, row) for part in method.groups())
    if re.search(r"/|\.\w+$", word):
        return any(path.match(word.rstrip("/")) for path in paths_of(row)) or is_a_file_of_subjects(word)
    defined = re.compile(rf"^ *(?:def|class) {word}\b|^ *{word}\b(?:: [^=]+)? = ", re.MULTILINE)
    named = paths_of(row)
    files = [path for place in named for path in ([place] if place.is_file() else place.glob("*.py"))]
    return any(defined.search(path.read_text(encoding="utf-8")) for path in files)


@pytest.mark.parametrize("row", ROWS, ids=[row.partition(" | ")[0] for row in ROWS])
def test_what_a_row_names_is_there(row: str) -> None:
    assert quoted(row) or row in WITHOUT_NAMES
    assert [word for word in quoted(row) if not is_there(word, row)] == []


def test_a_new_language_touches_at_most_five_files_beside_its_catalogues() -> None:
    by_hand = re.compile(r"""["']zh["']|Language\.ZH|\.zh\b|/zh/""")
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in CODE]
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in [*sources, ROOT / "menjin.py"]
        if not {"migrations", "vendor"} & set(path.parts)
        and not path.match(WIRING)
        and by_hand.search(path.read_text(encoding="utf-8"))
    }
    (row,) = [row for row in ROWS if row.startswith("a language |")]
    named = {path.relative_to(ROOT).as_posix() for path in paths_of(row) if path.is_file()}
    assert naming - BOTH_AT_ONCE == named
    assert len(naming) <= 6
    catalogues = {path.parents[2] for package in PACKAGES for path in (ROOT / package).rglob("*.po")}
    assert catalogues == {path for path in paths_of(row) if path.is_dir()}
