"""Check the lane sheets of a site file: reasons to refuse it, and messages for the installer."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from gate_controller.contract.lane_sheet import Finding, LaneFacts, LaneSheet, check_sheet, must_findings
from gate_controller.site_file.outputs import LaneSection
from hardware.driver import CameraSettings

WARNING = "warning: "


def wrong_sheet(
    lanes: Mapping[str, LaneSection], cameras: Iterable[CameraSettings]
) -> tuple[tuple[str, ...], str] | None:
    """Return the key and the sentence of the first rule that a lane breaks, or None.

    A lane with a camera needs a sheet; one without is the server's to ask for.
    """
    seen = {camera.lane for camera in cameras}
    for lane_id, lane in lanes.items():
        if lane.sheet is None and lane_id in seen:
            sentence = (
                f"a camera looks at this lane, so it needs a lane sheet that says where the camera hangs, "
                f"what it sees and where its sign is: add [lane.{lane_id}.sheet]"
            )
            return ("lane", lane_id), sentence
        if lane.sheet is not None and lane.sheet.lock is not None and lane.lock is None:
            # What limits a drive's pulse and refuses an inverted magnet hangs on the lane's own words.
            sentence = (
                f"the sheet says {lane.sheet.lock} and the lane does not: say lock and contact in "
                f"[lane.{lane_id}] too, such as lock = {lane.sheet.lock!r} and contact = 'no'"
            )
            return ("lane", lane_id), sentence
        findings = must_findings(lane.sheet, _facts(lane_id, lane, lanes, seen)) if lane.sheet else ()
        if findings:
            return ("lane", lane_id, "sheet", findings[0].key), " ".join(finding.text for finding in findings)
    return None


def sheet_lines(
    lanes: Mapping[str, LaneSection], cameras: Iterable[CameraSettings], today: date
) -> Iterator[tuple[bool, str]]:
    """Give (whether all is well, line) for every lane: no sheet, each warning, or nothing to say."""
    seen = {camera.lane for camera in cameras}
    for lane_id, lane in lanes.items():
        if lane.sheet is None:
            # The gate runs without it; where a camera looks, the site file does not even load.
            severity = "" if lane_id in seen else WARNING
            yield (
                False,
                (
                    f"lane {lane_id}: sheet: {severity}there is none: measure and photograph the lane, "
                    f"then add [lane.{lane_id}.sheet]; docs/lane_sheet.md says what"
                ),
            )
            continue
        findings = check_sheet(lane.sheet, _facts(lane_id, lane, lanes, seen), today)
        yield from ((False, f"lane {lane_id}: sheet: {_words(finding)}") for finding in findings)
        if not findings:
            yield True, f"lane {lane_id}: its sheet keeps every rule"


def _words(finding: Finding) -> str:
    return finding.text if finding.must else f"{WARNING}{finding.text}"


def _facts(lane_id: str, lane: LaneSection, lanes: Mapping[str, LaneSection], seen: set[str]) -> LaneFacts:
    sheets: dict[str, LaneSheet] = {name: other.sheet for name, other in lanes.items() if other.sheet}
    return LaneFacts(
        lock=lane.lock,
        has_camera=lane_id in seen,
        other_accessible_lane=any(
            sheet.is_accessible_lane for name, sheet in sheets.items() if name != lane_id
        ),
    )
