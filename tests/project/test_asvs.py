"""docs/asvs.md answers each demand of OWASP ASVS 5.0, levels 1 and 2, and its tests exist."""

import re

from tests.project.pages import ROOT, named_tests, names_of_tests_in

ROWS_OF_SECTIONS = {
    "V1": (2, 9, 11, 3, 2),
    "V2": (3, 3, 4, 1),
    "V3": (0, 2, 4, 6, 5, 0, 2),
    "V4": (3, 1, 2, 4),
    "V5": (1, 3, 2, 3),
    "V6": (3, 12, 4, 4, 5, 3, 0, 4),
    "V7": (3, 4, 2, 5, 2, 2),
    "V8": (2, 3, 1, 1),
    "V9": (3, 4),
    "V10": (2, 2, 4, 11, 5, 2, 3),
    "V11": (2, 3, 3, 4, 1, 1),
    "V12": (3, 2, 4),
    "V13": (1, 5, 2, 5),
    "V14": (2, 4, 3),
    "V15": (3, 3, 7),
    "V16": (1, 5, 4, 3, 3),
    "V17": (1, 4, 2),
}
"""How many rows of levels 1 and 2 each section of a chapter has; sections of level 3 alone have none."""
WEAKNESS = re.compile("weakness|advisor|vulnerab", re.IGNORECASE)
STATES = re.compile(r"`tests/|argued: .|not applicable: because .|planned: .")


IDS = [
    f"{chapter}.{section}.{number}"
    for chapter, counts in ROWS_OF_SECTIONS.items()
    for section, count in enumerate(counts, start=1)
    for number in range(1, count + 1)
]


def rows() -> list[list[str]]:
    """Return id, what it asks and what shows it of each demand; several may have one row."""
    lines = (ROOT / "docs/asvs.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:2] == "| "]
    written = [row for row in cells if re.fullmatch(r"V\d+(\.\d+){0,2}(, V\d+\.\d+\.\d+)*", row[0])]
    return [[id_, *row[1:]] for row in written for name in row[0].split(", ") for id_ in _ids_within(name)]


def _ids_within(name: str) -> list[str]:
    return [id_ for id_ in IDS if f"{id_}.".startswith(f"{name}.")] or [name]


def test_every_demand_of_levels_1_and_2_is_in_exactly_one_row() -> None:
    assert len(IDS) == 253
    assert [row[0] for row in rows()] == IDS


def test_every_row_is_whole_and_says_how_it_is_met() -> None:
    assert [row[0] for row in rows() if len(row) != 3 or not all(row)] == []
    assert [row[0] for row in rows() if not STATES.match(row[2])] == []


def test_every_test_named_there_exists() -> None:
    missing = [
        f"{row[0]}: {file}::{name}"
        for row in rows()
        for file, name in named_tests(row[2])
        if not (ROOT / file).is_file() or name not in names_of_tests_in(ROOT / file)
    ]
    assert missing == []


def test_no_row_is_planned_and_the_page_counts_them_right() -> None:
    found = [_state(row[2]) for row in rows()]
    assert found.count("planned") == 0
    counted = (
        f"{found.count('met')} are met by tests, {found.count('argued')} argued, "
        f"{found.count('not applicable')} do not apply, {found.count('planned')} are planned."
    )
    assert counted in (ROOT / "docs/asvs.md").read_text(encoding="utf-8")


def test_one_page_names_the_times_to_answer_a_weakness() -> None:
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    (promise,) = re.findall(r"^4\. Time until then: .*?(?=\n\n)", security, re.MULTILINE | re.DOTALL)
    assert re.findall(r"\*\*(\d+ days)\*\*", promise) == ["14 days", "90 days"]
    others = {}
    for page in (ROOT / "docs").rglob("*.md"):
        parts = re.split(r"\n\n|\n(?=\|)", page.read_text(encoding="utf-8"))
        named = [part for part in parts if WEAKNESS.search(part) and re.search(r"within \d+ days", part)]
        if named:
            others[str(page.relative_to(ROOT))] = named
    assert others == {}
    assert "SECURITY.md#what-happens-then" in (ROOT / "docs/security/controls.md").read_text(encoding="utf-8")


def _state(cell: str) -> str:
    if "planned:" in cell:
        return "planned"
    return next((state for state in ("not applicable", "argued") if cell.startswith(state)), "met")
