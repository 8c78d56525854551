"""The form of a lane sheet, for the page that asks it whole and the one that asks it in parts."""

from collections.abc import Sequence

import msgspec
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from gate_controller.contract.lane_sheet import LaneSheet
from web_admin.gates import sheet_texts
from web_admin.web.context import typed
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm

MAX_TEXT_CHARS = 200
MAX_HEIGHTS = 8
MAX_MILLIMETRES = 20_000
OR_NOT_SAID = ("lock", "fails", "camera_location")
OR_NONE = ("free_exit", "fire_release", "safety_input")
PHOTO_HINT = _l("Where the photo is kept, such as binder 2, page 5. The photo itself is not stored here.")


def _choice(name: str, nothing: LazyString | None = None) -> SelectField:
    first = [("", nothing or _l("Please choose"))]
    return SelectField(
        sheet_texts.LABELS[name], choices=options([*first, *sheet_texts.CHOICES[name].items()])
    )


def _radio(name: str, default: str | None = None) -> RadioField:
    return RadioField(
        sheet_texts.LABELS[name],
        choices=options(sheet_texts.CHOICES[name]),
        default=default,
        validators=[Optional()],
    )


def _line(name: str, hint: LazyString | None = None) -> StringField:
    return StringField(
        sheet_texts.LABELS[name], description=hint or "", validators=[Length(max=MAX_TEXT_CHARS)]
    )


def _day(name: str) -> DateField:
    return DateField(sheet_texts.LABELS[name], validators=[Optional()])


class SheetForm(OnceForm):
    """A lane sheet; what stays empty was not measured yet."""

    lock = _choice("lock")
    fails = _radio("fails")
    safety_input = _choice("safety_input", _l("None"))
    on_escape_route = _radio("on_escape_route")
    free_exit = _radio("free_exit", "none")
    fire_release = _radio("fire_release", "none")
    manual_release = BooleanField(sheet_texts.LABELS["manual_release"])
    exit_sign_photo = _line("exit_sign_photo", PHOTO_HINT)
    exit_sign_date = _day("exit_sign_date")
    reader_heights_mm = StringField(
        sheet_texts.LABELS["reader_heights_mm"], description=_l("One or several, such as 1100, 1400.")
    )
    opening_width_mm = IntegerField(
        sheet_texts.LABELS["opening_width_mm"],
        validators=[Optional(), NumberRange(1, MAX_MILLIMETRES, _l("From 1 to 20000 mm."))],
    )
    is_accessible_lane = BooleanField(sheet_texts.LABELS["is_accessible_lane"])
    camera_location = _choice("camera_location", _l("No camera at this lane"))
    camera_view = _line("camera_view")
    camera_sign_photo = _line("camera_sign_photo", PHOTO_HINT)
    camera_sign_date = _day("camera_sign_date")
    emergency_access = _line("emergency_access", _l("Such as a key box, or the emergency code."))
    last_drill = _day("last_drill")

    def validate_reader_heights_mm(self, field: Field) -> None:
        """Reject a value that is no list of millimetres."""
        parts = _height_texts(typed(field))
        if len(parts) > MAX_HEIGHTS or not all(
            part.isascii() and part.isdigit() and 1 <= int(part) <= MAX_MILLIMETRES for part in parts
        ):
            raise ValidationError(_("Type at most 8 whole numbers of millimetres, such as 1100, 1400."))

    def fill(self, sheet: LaneSheet) -> None:
        for name in sheet.__struct_fields__:
            self[name].data = getattr(sheet, name)
        for name in ("lock", "camera_location", "fails"):
            self[name].data = getattr(sheet, name) or ""
        self.safety_input.data = "" if sheet.safety_input == "none" else sheet.safety_input
        self.on_escape_route.data = {True: "yes", False: "no"}.get(sheet.on_escape_route or False)
        if sheet.on_escape_route is None:
            self.on_escape_route.data = None
        self.reader_heights_mm.data = ", ".join(str(height) for height in sheet.reader_heights_mm)

    def sheet(self) -> LaneSheet:
        """Return the typed sheet, after validation."""
        return self.added_to(LaneSheet(), LaneSheet.__struct_fields__)

    def added_to(self, sheet: LaneSheet, names: Sequence[str]) -> LaneSheet:
        """Return the sheet with what was typed in these fields, after validation."""
        said = {name: self._said(name) for name in names}
        return msgspec.convert({**msgspec.structs.asdict(sheet), **said}, LaneSheet)

    def keep_only(self, names: Sequence[str]) -> None:
        """Ask these fields alone; the others are neither shown nor read."""
        for name in set(LaneSheet.__struct_fields__) - set(names):
            del self[name]

    def _said(self, name: str) -> object:
        if name == "on_escape_route":
            return {"yes": True, "no": False}.get(typed(self[name]))
        if name == "reader_heights_mm":
            return tuple(int(part) for part in _height_texts(typed(self[name])))
        value = self[name].data
        if name in OR_NOT_SAID:
            return value or None
        if name in OR_NONE:
            return value or "none"
        return typed(self[name]).strip() if isinstance(self[name], StringField) else value


def _height_texts(text: str) -> list[str]:
    return text.replace("，", " ").replace("、", " ").replace(",", " ").split()
