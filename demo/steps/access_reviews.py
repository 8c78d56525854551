"""Step with an access review: a missing answer suspends no person, the record can be checked."""

from sqlalchemy import func, select

from demo.judge import Outcome, require
from demo.rig.processes import Child, menjin
from demo.stage import Stage
from web_admin.access_review.actions import begin_round, keep, mark_of
from web_admin.access_review.closing import as_file, close_round, sheet_of, signed_review
from web_admin.access_review.queries import all_rows, progress_of
from web_admin.compound.models import CredentialRow, Person, Site

GENUINE, BROKEN = 0, 1
COMMAND_SECONDS = 90.0
URL = "https://gates.example.org"


def review_signed(stage: Stage) -> Outcome:
    """The office begins a review, confirms one row and closes it; the record is genuine, a changed one not.

    Broken by: a review that suspends what has no answer, a signature over other bytes, a sheet that says
    something else than the record.
    """
    before = _what_opens(stage)
    with stage.office.act() as act:
        of_round = begin_round(act, URL)
        rows = all_rows(act.session, of_round.round_id)
        require(bool(rows), "the compound has accounts of staff, and the review lists nothing")
        keep(act, rows[0].row_id, mark_of(rows[0]))
        left = progress_of(act.session, of_round.round_id).left
        closed = close_round(act, of_round.round_id, left)
        file, sheet = as_file(closed), sheet_of(signed_review(closed).record)
        root = act.session.get_one(Site, act.site_id).root_public_key.hex()
    require(_what_opens(stage) == before, "a row without an answer suspended something")
    record, rows_file = stage.folder / "access_review.json", stage.folder / "access_review.csv"
    rows_file.write_bytes(sheet)
    options = ("--root-key", root, "--csv", str(rows_file))
    record.write_bytes(file)
    said = _audit(stage, "genuine", GENUINE, str(record), *options)
    require(f"{left} without an answer" in said, f"{left} rows had no answer, and the record says:\n{said}")
    record.write_bytes(file.replace(b'"decision": "unanswered"', b'"decision": "gone"', 1))
    said = _audit(stage, "changed", BROKEN, str(record), *options)
    require("signature" in said, f"the changed record is not refused for its signature:\n{said}")
    return Outcome(
        None, f"{len(rows)} rows, {left} without an answer: no person suspended, the record is genuine"
    )


def _audit(stage: Stage, name: str, wanted: int, *arguments: str) -> str:
    """Run the command that anyone can run, and return what it says."""
    child = Child(f"menjin audit access-review, {name}", stage.logs / f"access-review-{name}.log")
    child.spawn(menjin("audit", "access-review", *arguments))
    try:
        status = child.wait(COMMAND_SECONDS)
    finally:
        child.kill()
    require(status == wanted, f"{child.name}: status {status} instead of {wanted}:\n{child.tail()}")
    return child.log.read_text(encoding="utf-8")


def _what_opens(stage: Stage) -> tuple[int | None, int | None]:
    with stage.office.read() as session:
        cards = select(func.count()).where(CredentialRow.state == "active")
        people = select(func.count()).where(Person.suspended.is_(False), Person.ended_at.is_(None))
        return session.scalar(cards), session.scalar(people)
