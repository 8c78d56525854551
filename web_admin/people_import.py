"""Read people from a spreadsheet's CSV: first say all that is wrong, then add everyone or no one.

Columns: home, name, kind, card (房号, 姓名, 类别, 卡号). No picture and no face can be imported.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.acts import Act, ActRefused, begin, checked_text, finish, one_publication
from web_admin.credentials import canonical_card, issue_card, parse_card_number
from web_admin.homes_and_people import HOME_NUMBER, add_home, add_person
from web_admin.models import CredentialRow, Home, Person, Site
from web_admin.sealing import card_lookup

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5000
COLUMNS = {
    "home": "home", "name": "name", "kind": "kind", "card": "card",
    "房号": "home", "姓名": "name", "类别": "kind", "卡号": "card",
}
KIND_WORDS = {
    "": "resident", "resident": "resident", "helper": "helper", "staff": "staff",
    "住户": "resident", "家政": "helper", "员工": "staff",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one field; `row` counts as spreadsheets do, the header being row 1."""

    row: int
    field: str
    message: LazyString


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One person to add; `home` and `card` may be missing."""

    row: int
    home: str | None
    name: str
    kind: str
    card: int | None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do; it is applied only without problems."""

    rows: tuple[ImportRow, ...]
    problems: tuple[Problem, ...]


def check_people(act: Act, data: bytes) -> ImportPlan:
    """Return what the file (UTF-8 or GB18030) would add and all its problems; write nothing.

    Raises ActRefused when the file as a whole cannot be read.
    """
    site = begin(act)
    rows: list[ImportRow] = []
    problems: list[Problem] = []
    cards: dict[int, int] = {}
    for number, cells in _table(data):
        try:
            row = _row(number, cells)
            _check_card(act, site, row, cards)
        except ActRefused as refused:
            problems.append(Problem(number, refused.field or "", refused.message))
        else:
            rows.append(row)
    return ImportPlan(tuple(rows), tuple(problems))


def apply_people(act: Act, plan: ImportPlan) -> int:
    """Add everyone of a plan without problems and return how many; publish once."""
    if plan.problems:
        raise ActRefused("file", _("Correct the rows that are marked, then read the file again."))
    with one_publication(act) as each:
        homes = {
            home.number: home.home_id
            for home in act.session.scalars(select(Home).where(Home.site_id == act.site_id))
        }
        for row in plan.rows:
            if row.home is not None and row.home not in homes:
                homes[row.home] = add_home(each, row.home).home_id
            home_id = homes[row.home] if row.home is not None else None
            person = add_person(each, display_name=row.name, home_id=home_id, kind=row.kind)
            if row.card is not None:
                issue_card(each, person.person_id, row.card)
        finish(each, "people_imported", {"count": len(plan.rows)})
    return len(plan.rows)


def _table(data: bytes) -> list[tuple[int, Mapping[str, str]]]:
    if len(data) > MAX_BYTES:
        raise ActRefused("file", _("The file is larger than 2 MB. Split it."))
    lines = list(_lines(_decoded(data)))
    if not lines:
        raise ActRefused("file", _("The file is empty."))
    header = [COLUMNS.get(cell.strip().lower(), "") for cell in lines[0]]
    if "" in header or len(set(header)) != len(header) or "name" not in header:
        raise ActRefused("file", _("The first row names the columns: home, name, kind, card."))
    if len(lines) - 1 > MAX_ROWS:
        raise ActRefused("file", _("The file has more than 5000 rows. Split it."))
    return [
        (number, dict(zip(header, [*cells, *[""] * len(header)], strict=False)) | _surplus(cells, header))
        for number, cells in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def _surplus(cells: Sequence[str], header: Sequence[str]) -> dict[str, str]:
    return {"surplus": "yes"} if any(cell.strip() for cell in cells[len(header) :]) else {}


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ActRefused("file", _("This is no CSV text. Save the sheet as CSV (UTF-8) and try again."))


def _lines(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as err:
        raise ActRefused(
            "file", _("This is no CSV text. Save the sheet as CSV (UTF-8) and try again.")
        ) from err


def _row(number: int, cells: Mapping[str, str]) -> ImportRow:
    if "surplus" in cells:
        raise ActRefused("row", _("This row has more cells than the first row has columns."))
    for field, cell in cells.items():
        if cell.startswith(FORMULA_STARTS):
            raise ActRefused(field, _("A cell may not begin like a formula (= + - @)."))
    home = cells.get("home", "").strip()
    if home and (len(home) > 20 or not HOME_NUMBER.fullmatch(home)):
        raise ActRefused("home", _("Write the home as digits with dashes between them, such as 3-1203."))
    kind = KIND_WORDS.get(cells.get("kind", "").strip().lower())
    if kind is None:
        raise ActRefused("kind", _("Write resident, helper or staff."))
    name = checked_text("name", cells.get("name", ""))
    card = cells.get("card", "").strip()
    return ImportRow(number, home or None, name, kind, _card_number(card) if card else None)


def _card_number(text: str) -> int:
    try:
        return parse_card_number(text)
    except ActRefused as refused:
        raise ActRefused("card", refused.message) from refused


def _check_card(act: Act, site: Site, row: ImportRow, cards: dict[int, int]) -> None:
    if row.card is None:
        return
    try:
        canonical = canonical_card(row.card, site)
    except ActRefused as refused:
        raise ActRefused("card", refused.message) from refused
    if canonical in cards:
        raise ActRefused("card", _("Row %(row)s has the same card.", row=cards[canonical]))
    cards[canonical] = row.row
    live = (
        select(CredentialRow.credential_id)
        .join(Person)
        .where(
            Person.site_id == act.site_id,
            CredentialRow.kind == "card",
            CredentialRow.state != "ended",
            CredentialRow.lookup == card_lookup(act.sealer, canonical),
        )
    )
    if act.session.scalars(live).first() is not None:
        raise ActRefused("card", _("This card is in use already. Use another card."))
