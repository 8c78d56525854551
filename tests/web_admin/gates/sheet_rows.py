"""Lanes and the rows of their sheets."""

import msgspec

from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.action.base import Action
from web_admin.gates.sheet_models import LaneSheetRow

TRAP = msgspec.structs.replace(WHOLE_SHEET, free_exit="none", fire_release="none")
NO_CAMERA = msgspec.structs.replace(
    WHOLE_SHEET, camera_location=None, camera_view="", camera_sign_photo="", camera_sign_date=None
)


def row_of(act: Action, lane_id: str = "north-in") -> LaneSheetRow:
    return act.session.get_one(LaneSheetRow, lane_id)
