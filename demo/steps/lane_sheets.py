"""Steps with lane sheets: an unsafe lane does not go live."""

from demo.actors.office_actions import DeskRefused
from demo.judge import Outcome, StepFailed, require
from demo.rig.processes import StartRefused, run_menjin
from demo.stage import Stage

LANE = "north-in"
FREE, TRAPPED = 'free_exit = "handle"', 'free_exit = "none"'
RULE = "(rule P2)"
"""As the gate's own check names it, beside the sentence that both say."""
SENTENCE = "An escape route opens from inside without card, PIN, phone or face."


def unsafe_lane_sheet_refused(stage: Stage) -> Outcome:
    """The office, and the gate's own check, are given the sheet of an escape route without free exit."""
    before = stage.office.policy()
    try:
        stage.desk.change_sheet(LANE, "free_exit", "none")
    except DeskRefused as err:
        said = str(err)
    else:
        raise StepFailed("an escape route without free exit went live at the office")
    require(SENTENCE in said, f"the office names no rule: {said}")
    require(stage.office.policy() == before, "it was refused and published all the same")
    ends = stage.gates["north"]
    honest = ends.process.site_file.read_text(encoding="utf-8")
    require(FREE in honest, "the lane's sheet has no free exit to take away")
    unsafe = ends.folder / "unsafe.toml"
    unsafe.write_text(honest.replace(FREE, TRAPPED, 1), encoding="utf-8")
    try:
        run_menjin("menjin gate check", stage.logs / "unsafe_sheet.log", "gate", "check", str(unsafe))
    except StartRefused as err:
        require(RULE in str(err), f"gate check names no rule: {err}")
    else:
        raise StepFailed("gate check took an escape route without free exit")
    return Outcome(None, f"not live: {said}; the site file is refused by the same rule")
