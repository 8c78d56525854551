"""Add people from a sheet: first say all that is wrong, then add everyone or no one.

No picture and no face can be imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from web_admin.acts import Act, ActRefused, begin, checked_text, finish, one_publication
from web_admin.credentials import canonical_card, issue_card, parse_card_number
from web_admin.homes_and_people import HOME_NUMBER, LANGUAGES, add_home, add_person, check_not_emergency
from web_admin.models import CredentialRow, Gate, Home, Lane, Person, Site
from web_admin.people_sheet import SURPLUS, SheetRow, read_sheet
from web_admin.sealing import card_lookup

Value = TypeVar("Value")

MAX_NAME_CHARS = 60
KIND_WORDS = {
    "": "resident", "resident": "resident", "helper": "helper", "staff": "staff",
    "住户": "resident", "家政": "helper", "帮手": "helper", "员工": "staff", "工作人员": "staff",
}
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


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
    """What an import would do; it is applied only without problems.

    `columns` are in the sheet's order; `wrong_rows` are the rows with problems as they were typed.
    """

    rows: tuple[ImportRow, ...]
    problems: tuple[Problem, ...]
    new_homes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    wrong_rows: tuple[SheetRow, ...] = ()


@dataclass(slots=True)
class _Taken:
    """What is not free: homes by their digits, cards with their home, people; grows row by row."""

    homes: dict[str, str]
    cards: dict[bytes, str | None]
    people: set[tuple[str | None, str]]
    new_homes: list[str] = field(default_factory=list)
    card_rows: dict[int, int] = field(default_factory=dict)
    people_rows: dict[tuple[str | None, str], int] = field(default_factory=dict)


def check_people(act: Act, data: bytes, *, names_holders: bool = False) -> ImportPlan:
    """Return what the file (UTF-8 or GB18030) would add and all its problems; write nothing.

    `names_holders`: whoever asks may know in which home a card is that somebody has already.
    Raises ActRefused when the file as a whole cannot be read.
    """
    site = begin(act)
    sheet = read_sheet(data)
    taken = _taken(act, names_holders=names_holders)
    rows: list[ImportRow] = []
    problems: list[Problem] = []
    wrong_rows: list[SheetRow] = []
    for sheet_row in sheet.rows:
        row, wrong = _check_row(act, site, sheet_row, taken)
        if row is not None:
            rows.append(row)
            continue
        wrong_rows.append(sheet_row)
        problems += (Problem(sheet_row.number, name, message) for name, message in wrong.items())
    return ImportPlan(
        tuple(rows), tuple(problems), tuple(taken.new_homes), sheet.columns, tuple(wrong_rows)
    )


def apply_people(act: Act, plan: ImportPlan) -> int:
    """Add everyone of a plan without problems and return how many; publish once."""
    if plan.problems:
        raise ActRefused("file", _("Correct the rows that are marked, then read the file again."))
    with one_publication(act) as each:
        site = act.session.get_one(Site, act.site_id)
        language = site.language if site.language in LANGUAGES else LANGUAGES[0]
        homes = {
            home.number: home.home_id
            for home in act.session.scalars(select(Home).where(Home.site_id == act.site_id))
        }
        # Held here, or the session would forget the lanes and read each of them again for every person.
        lanes = act.session.scalars(
            select(Lane).join(Gate).where(Gate.site_id == act.site_id).order_by(Lane.lane_id)
        ).all()
        lane_ids = [lane.lane_id for lane in lanes]
        for row in plan.rows:
            if row.home is not None and row.home not in homes:
                homes[row.home] = add_home(each, row.home).home_id
            home_id = homes[row.home] if row.home is not None else None
            person = add_person(
                each, display_name=row.name, home_id=home_id, kind=row.kind, language=language,
                lanes=lane_ids,
            )
            if row.card is not None:
                issue_card(each, person.person_id, row.card)
        finish(each, "people_imported", {"count": len(plan.rows)})
    return len(plan.rows)


def _taken(act: Act, *, names_holders: bool) -> _Taken:
    session = act.session
    numbers = session.scalars(select(Home.number).where(Home.site_id == act.site_id))
    cards = session.execute(
        select(CredentialRow.lookup, CredentialRow.valid_until, Home.number)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(
            Person.site_id == act.site_id, CredentialRow.kind == "card", CredentialRow.state != "ended"
        )
    )
    people = session.execute(
        select(Home.number, Person.display_name)
        .select_from(Person)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(Person.site_id == act.site_id, Person.ended_at.is_(None))
    )
    return _Taken(
        homes={number.replace("-", ""): number for number in numbers},
        cards={
            lookup: home if names_holders else None
            for lookup, valid_until, home in cards
            if lookup is not None and (valid_until is None or valid_until > act.now)
        },
        people={(home, name) for home, name in people},
    )


def _check_row(
    act: Act, site: Site, sheet_row: SheetRow, taken: _Taken
) -> tuple[ImportRow | None, Mapping[str, LazyString]]:
    """Return the person of a row, and the sentence for each column that is wrong."""
    cells = sheet_row.cells
    wrong: dict[str, LazyString] = {}

    def checked(column: str, check: Callable[[str], Value]) -> Value | None:
        cell = cells.get(column, "").strip()
        try:
            if cell.startswith(FORMULA_STARTS):
                raise ActRefused(column, _("A cell may not begin like a formula (= + - @)."))
            return check(cell)
        except ActRefused as refused:
            wrong[column] = refused.message
            return None

    if SURPLUS in cells:
        wrong[SURPLUS] = _("This row has more cells than the first row has columns.")
    home = checked("home", lambda cell: _home(cell, taken))
    name = checked("name", lambda cell: checked_text("name", cell, max_chars=MAX_NAME_CHARS))
    kind = checked("kind", _kind)
    card = checked("card", lambda cell: _card(act, site, cell, sheet_row.number, taken))
    if name is not None and "home" not in wrong:
        _check_person(home, name, sheet_row.number, taken, wrong)
    if wrong or name is None or kind is None:
        return None, wrong
    return ImportRow(sheet_row.number, home, name, kind, card), wrong


def _home(cell: str, taken: _Taken) -> str | None:
    if not cell:
        return None
    if len(cell) > 20 or not HOME_NUMBER.fullmatch(cell):
        raise ActRefused("home", _("Write the home as digits with dashes between them, such as 3-1203."))
    check_not_emergency("home", cell)
    digits = cell.replace("-", "")
    known = taken.homes.get(digits)
    if known is None:
        taken.homes[digits] = cell
        taken.new_homes.append(cell)
    elif known != cell:
        raise ActRefused(
            "home", _("A keypad has no dash, so this would be the same home as %(home)s.", home=known)
        )
    return cell


def _kind(cell: str) -> str:
    kind = KIND_WORDS.get(cell.lower())
    if kind is None:
        raise ActRefused("kind", _("Write resident, helper or staff."))
    return kind


def _card(act: Act, site: Site, cell: str, row: int, taken: _Taken) -> int | None:
    if not cell:
        return None
    number = parse_card_number(cell)
    canonical = canonical_card(number, site)
    if canonical in taken.card_rows:
        raise ActRefused("card", _("Row %(row)s has the same card.", row=taken.card_rows[canonical]))
    taken.card_rows[canonical] = row
    lookup = card_lookup(act.sealer, canonical)
    if lookup not in taken.cards:
        return number
    home = taken.cards[lookup]
    if home is None:
        raise ActRefused("card", _("This card is in use already. Use another card."))
    raise ActRefused(
        "card",
        _("Home %(home)s holds this card already. End it there first, or use another card.", home=home),
    )


def _check_person(
    home: str | None, name: str, row: int, taken: _Taken, wrong: dict[str, LazyString]
) -> None:
    """Mark a person who is here already: a sheet that is read a second time adds nobody twice."""
    person = (home, name)
    if person in taken.people:
        wrong["name"] = _("This person is here already. Leave the row out, or write the name differently.")
    elif person in taken.people_rows:
        wrong["name"] = _("Row %(row)s has the same person.", row=taken.people_rows[person])
    taken.people_rows.setdefault(person, row)
