"""Check a sheet of people: what it would add and change, who would move out, and each wrong cell.

The check reads the compound in a few queries, however long the sheet is, and writes nothing. No picture
and no face can be imported.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from web_admin.action.base import Action, begin, checked_text
from web_admin.compound.models import UNASSIGNED, Site
from web_admin.core.csv_text import as_text
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.card_formats import AS_PRINTED, read_card
from web_admin.people.homes import HOME_NUMBER, check_not_emergency
from web_admin.people_import.existing import ExistingRecords, PersonThere, who_is_there
from web_admin.people_import.sheet import SURPLUS, SheetRow, read_sheet

Value = TypeVar("Value")
RowAction = Literal["add", "change", "same", "home_card"]

MAX_NAME_CHARS = 60
MAX_CARDS = 10
KIND_WORDS = {
    "": "resident",
    "resident": "resident",
    "helper": "helper",
    "staff": "staff",
    "tenant": "resident",
    "owner": "resident",
    "family": "resident",
    "nanny": "helper",
    "cleaner": "helper",
    "住户": "resident",
    "业主": "resident",
    "租户": "resident",
    "租客": "resident",
    "家属": "resident",
    "家政": "helper",
    "家政人员": "helper",
    "帮手": "helper",
    "保姆": "helper",
    "员工": "staff",
    "工作人员": "staff",
}
"""Words of a sheet's kinds, and those that the lists of property offices have for the same."""


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How a sheet is meant: how its cards are written, and whether who is missing has moved out."""

    card_form: str = AS_PRINTED
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in one field; `row` counts as spreadsheets do, the header being row 1."""

    row: int
    field: str
    message: LazyString


@dataclass(frozen=True, slots=True)
class ImportRow:
    """Effect of one row: add a person, change one, leave one as they are, bind a card to a home.

    `card` is the number in the site's own form when the row gives a card that its person has not yet;
    `from_home_cards` when the home held that card without a holder until now.
    """

    row: int
    home: str | None
    name: str
    kind: str
    card: int | None
    action: RowAction
    person_id: str | None = None
    kind_before: str | None = None
    from_home_cards: bool = False


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Preview of an import; it is applied only without problems.

    `columns` are in the sheet's order; `wrong_rows` are the rows with problems as they were typed;
    `card_cells` what each row says of its card, for the proof of how cards are written.
    """

    rows: tuple[ImportRow, ...]
    problems: tuple[Problem, ...]
    new_homes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    wrong_rows: tuple[SheetRow, ...] = ()
    ended: tuple[PersonThere, ...] = ()
    card_cells: Mapping[int, str] = field(default_factory=dict)

    def of(self, *actions: RowAction) -> list[ImportRow]:
        return [row for row in self.rows if row.action in actions]

    @property
    def digest(self) -> str:
        """Return a digest of what it would do, row by row, and of whom it would end."""
        rows = [
            (row.row, row.action, row.person_id, row.kind_before, row.card, row.from_home_cards)
            for row in self.rows
        ]
        whole = [rows, sorted(person.person_id for person in self.ended)]
        return hashlib.sha256(msgspec.json.encode(whole)).hexdigest()

    @property
    def does_nothing(self) -> bool:
        """Return whether everything in the sheet is so already."""
        return not self.ended and len(self.of("same")) == len(self.rows)


@dataclass(slots=True)
class _Check:
    """One run over a sheet: the compound as it is, and what earlier rows took."""

    act: Action
    site: Site
    there: ExistingRecords
    options: SheetOptions
    new_homes: list[str] = field(default_factory=list)
    card_rows: dict[int, int] = field(default_factory=dict)
    people_rows: dict[tuple[str | None, str], int] = field(default_factory=dict)


def check_people(
    act: Action, data: bytes, options: SheetOptions | None = None, *, names_holders: bool = False
) -> ImportPlan:
    """Return what the file would do and all its problems; write nothing.

    `names_holders`: the actor may know in which home an already bound card is.
    Raises ActionRefused when the file as a whole cannot be read.
    """
    site = begin(act)
    sheet = read_sheet(data)
    run = _Check(act, site, who_is_there(act, names_holders=names_holders), options or SheetOptions())
    rows: list[ImportRow] = []
    problems: list[Problem] = []
    wrong_rows: list[SheetRow] = []
    for sheet_row in sheet.rows:
        row, wrong = _check_row(run, sheet_row)
        if row is not None:
            rows.append(row)
            continue
        wrong_rows.append(sheet_row)
        problems += (Problem(sheet_row.number, name, message) for name, message in wrong.items())
    ended = _missing(run, rows) if run.options.is_complete and not problems else ()
    cards = {row.number: as_text(row.cells.get("card", ""))[0] for row in sheet.rows}
    return ImportPlan(
        tuple(rows),
        tuple(problems),
        tuple(run.new_homes),
        sheet.columns,
        tuple(wrong_rows),
        ended,
        {number: cell for number, cell in cards.items() if cell},
    )


def _missing(run: _Check, rows: list[ImportRow]) -> tuple[PersonThere, ...]:
    """Return who lives in a home and is not in a complete sheet; staff without a home are not meant.

    A home's unassigned cards end with the last of its rows, not before.
    """
    homes = {row.home for row in rows}
    people = (person for same in run.there.people.values() for person in same)
    return tuple(
        person
        for person in people
        if person.home is not None
        and (person.home, person.name) not in run.people_rows
        and not (person.kind == UNASSIGNED and person.home in homes)
    )


def _check_row(run: _Check, sheet_row: SheetRow) -> tuple[ImportRow | None, Mapping[str, LazyString]]:
    """Return the effect of a row, and the sentence for each column that is wrong."""
    cells = {column: as_text(cell) for column, cell in sheet_row.cells.items()}
    wrong: dict[str, LazyString] = {}

    def checked(column: str, check: Callable[[str], Value]) -> Value | None:
        cell, is_formula = cells.get(column, ("", False))
        try:
            if is_formula:
                raise ActionRefused(column, _("A cell may not begin like a formula (= + - @)."))
            return check(cell)
        except ActionRefused as refused:
            wrong[column] = refused.message
            return None

    if SURPLUS in cells:
        wrong[SURPLUS] = _("This row has more cells than the first row has columns.")
    home = checked("home", lambda cell: _home(run, cell))
    kind = checked("kind", _kind)
    if home is None and kind in ("resident", "helper") and "home" not in wrong:
        wrong["home"] = _("Only staff may be without a home. Write the home's number, or the kind “staff”.")
    without_holder = home is not None and kind == "resident" and _is_card_alone(cells)
    name = "" if without_holder else checked("name", _name)
    person = None
    if name and "home" not in wrong:
        person = _person(run, home, name, sheet_row.number, wrong)
    card = checked("card", lambda cell: _card(run, cell, sheet_row.number, home, person, bool(name)))
    if wrong or name is None or kind is None:
        return None, wrong
    return _row(run, sheet_row.number, home, name, kind, card, person), wrong


def _is_card_alone(cells: Mapping[str, tuple[str, bool]]) -> bool:
    return not cells.get("name", ("", False))[0] and bool(cells.get("card", ("", False))[0])


def _row(
    run: _Check,
    number: int,
    home: str | None,
    name: str,
    kind: str,
    card: int | None,
    person: PersonThere | None,
) -> ImportRow:
    holder = run.there.cards.get(card_lookup(run.act.sealer, card)) if card is not None else None
    from_home = holder is not None and holder.is_unassigned and bool(name)
    if not name:
        return ImportRow(number, home, "", UNASSIGNED, card, "same" if card is None else "home_card")
    if person is None:
        return ImportRow(number, home, name, kind, card, "add", from_home_cards=from_home)
    changes_kind = person.kind != kind
    return ImportRow(
        number,
        home,
        name,
        kind,
        card,
        "change" if changes_kind or card is not None else "same",
        person.person_id,
        person.kind if changes_kind else None,
        from_home,
    )


def _home(run: _Check, cell: str) -> str | None:
    if not cell:
        return None
    if "T" in cell or "月" in cell:
        raise ActionRefused(
            "home", _("The spreadsheet made a date of this. Set the column to “text” and type it again.")
        )
    if len(cell) > 20 or not HOME_NUMBER.fullmatch(cell):
        raise ActionRefused("home", _("Write the home as digits with dashes between them, such as 3-1203."))
    check_not_emergency("home", cell)
    digits = cell.replace("-", "")
    known = run.there.homes.get(digits)
    if known is None:
        run.there.homes[digits] = cell
        run.new_homes.append(cell)
    elif known != cell:
        raise ActionRefused(
            "home", _("A keypad has no dash, so this would be the same home as %(home)s.", home=known)
        )
    return cell


def _name(cell: str) -> str:
    return checked_text("name", cell, max_chars=MAX_NAME_CHARS)


def _kind(cell: str) -> str:
    kind = KIND_WORDS.get(cell.lower())
    if kind is None:
        raise ActionRefused("kind", _("Write resident, helper or staff."))
    return kind


def _person(
    run: _Check, home: str | None, name: str, row: int, wrong: dict[str, LazyString]
) -> PersonThere | None:
    """Return who of the compound the row means; mark the name when it is ambiguous."""
    key = (home, name)
    same = run.there.people.get(key, [])
    if key in run.people_rows:
        wrong["name"] = _("Row %(row)s has the same person.", row=run.people_rows[key])
    elif len(same) > 1:
        wrong["name"] = _("Several people of this home have this name. Change them on their own pages.")
    run.people_rows.setdefault(key, row)
    return same[0] if len(same) == 1 else None


def _card(
    run: _Check, cell: str, row: int, home: str | None, person: PersonThere | None, is_named: bool
) -> int | None:
    """Return the card that the row gives; None for no card and for one that its holder has already."""
    if not cell:
        return None
    try:
        card = read_card(cell, run.options.card_form, run.site)
    except ActionRefused as refused:
        raise ActionRefused("card", refused.message) from refused
    if card in run.card_rows:
        raise ActionRefused("card", _("Row %(row)s has the same card.", row=run.card_rows[card]))
    run.card_rows[card] = row
    holder = run.there.cards.get(card_lookup(run.act.sealer, card))
    if holder is None:
        if person is not None and person.cards >= MAX_CARDS:
            raise ActionRefused(
                "card", _("This person has ten cards. End one that is not used any more first.")
            )
        return card
    if person is not None and holder.person_id == person.person_id:
        return None
    if holder.is_unassigned and holder.home == home:
        return card if is_named else None
    if holder.home is None or not run.there.names_holders:
        raise ActionRefused("card", _("This card is in use already. Use another card."))
    raise ActionRefused(
        "card",
        _(
            "Home %(home)s holds this card already. End it there first, or use another card.",
            home=holder.home,
        ),
    )
