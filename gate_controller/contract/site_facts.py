"""Facts that the office has about a gate, which its installer need not type: lanes and their sheets."""

from typing import Annotated, Literal

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.languages import Language
from gate_controller.contract.records import Id, Name

SITE_PATH = "/sync/v1/site"


class SiteQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A paired gate asks for what the office knows of it."""


class OfficeLane(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lane as the office has it; `sheet` is the live one, None before there is one."""

    lane_id: Id
    name: Name
    sheet: LaneSheet | None = None


class SiteFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that a site file may leave out, because the office sends them."""

    language: Language
    card_bits: Literal[24, 32]
    lanes: Annotated[tuple[OfficeLane, ...], msgspec.Meta(max_length=64)] = ()
