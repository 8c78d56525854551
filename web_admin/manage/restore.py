"""Page after a restore: items that gates forbade and the backup allows, decided one by one."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import CredentialRow
from web_admin.compound.queries import persons_by_id
from web_admin.compound.restore_models import RestoreReview
from web_admin.core.database import request_session
from web_admin.credentials.texts import METHODS
from web_admin.restore.queries import gates_without_handover
from web_admin.restore.reviews import KEPT, NEEDS_ITS_OWN, STOLEN, decide, keep_all, open_reviews, subjects_of
from web_admin.web.context import get_or_404, press, submit, typed
from web_admin.web.for_good import ForGood
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("restored", __name__, url_prefix="/manage/restored")

LISTED = 200
KIND_TEXTS = {
    "credential": _l("Suspended: a gate refused it when the old server was lost."),
    "person": _l("Suspended: gates refused this person when the old server was lost."),
    "grants": _l("May pass only where and when the gates last allowed it."),
    "methods": _l("Ways in that were turned off after the backup stay off."),
    "override": _l("This staff card no longer opens a locked lane."),
    "wish": _l("Needs two ways in, as last published to the gates."),
    "lane": _l("Mode, hours and ways in are as last published to the gate."),
    "lane_withheld": _l("Out of use: its gate no longer has this lane."),
    "hours": _l("The weekly hours are as last published to the gates."),
    "calendar": _l("The special days are as last published to the gates."),
    "site": _l("Time zone and card format are as last published to the gates."),
    "api_key": _l("Suspended: it may have been ended after the backup."),
    "webhook": _l("Suspended: it may have been removed after the backup."),
    "staff": _l(
        "Closed: role or password may have changed after the backup. "
        "Invite this person again if they still work here."
    ),
    "gate": _l(
        "Keeps the policy it has, because it could not hand over what it forbids. "
        "Update its software, or mark it as stolen if it is not in its place."
    ),
    "gate_here": _l(
        "The backup has it as in use. Was it reported stolen since, or is it not in its place? "
        "A stolen gate gets no rules, no names and no faces."
    ),
    "emergency_code": _l(
        "Ended: a gate no longer accepts this emergency code, or accepts it differently from the "
        "backup. Make a new one for the service."
    ),
}
ICONS = {
    "credential": "card",
    "lane": "gate",
    "lane_withheld": "gate",
    "gate": "gate",
    "gate_here": "gate",
    "emergency_code": "key",
    "hours": "clock",
    "calendar": "clock",
    "site": "settings",
    "api_key": "key",
    "webhook": "key",
    "staff": "staff",
}
ALLOW_TEXTS = {
    "credential": _l("Allow again"),
    "person": _l("Allow again"),
    "api_key": _l("Allow again"),
    "webhook": _l("Allow again"),
    "lane_withheld": _l("Put into use again"),
    "gate": _l("Give it the backup's policy"),
}
BACK = _l("Back to the backup")
KEEP_TEXTS = {
    "api_key": _l("End for good"),
    "webhook": _l("Remove"),
    "staff": _l("Leave closed"),
    "gate_here": _l("It is in its place"),
}
KEEP = _l("Leave as it is")
SITE_WIDE = {"calendar": _l("Special days"), "site": _l("The compound")}


class DecisionForm(OnceForm):
    """The one of two buttons that was pressed."""

    decision = HiddenField()


@bp.get("/")
@allowed("decide_restored")
def show() -> str:
    """List the items held back, and the gates that have not handed over yet."""
    session, site = request_session(), current_site()
    rows = open_reviews(session, site.site_id)
    waiting = gates_without_handover(session, site.site_id) if site.restoring else []
    return render_template(
        "manage/restored.html",
        rows=rows[:LISTED],
        more=len(rows) - LISTED,
        names=_names(rows[:LISTED]),
        waiting=waiting,
        form=DecisionForm(formdata=None),
        kind_texts=KIND_TEXTS,
        icons=ICONS,
        allow_texts=ALLOW_TEXTS,
        back=BACK,
        keep_texts=KEEP_TEXTS,
        keep=KEEP,
        can_keep_all=any(row.kind not in NEEDS_ITS_OWN for row in rows),
    )


def _names(rows: list[RestoreReview]) -> dict[str, str]:
    """Return by review what its subject is called, in a few queries."""
    session = request_session()
    subjects = subjects_of(session, rows)
    holder_ids = {one.person_id for one in subjects.values() if isinstance(one, CredentialRow)}
    holders = {
        person_id: person.display_name for person_id, person in persons_by_id(session, holder_ids).items()
    }
    names: dict[str, str] = {}
    for row in rows:
        subject = subjects.get((row.kind, row.subject_id))
        if isinstance(subject, CredentialRow):
            kind = METHODS.get(subject.kind, "")
            names[row.review_id] = f"{kind} · {holders.get(subject.person_id, '')}"
        elif row.kind in SITE_WIDE:
            names[row.review_id] = str(SITE_WIDE[row.kind])
        elif row.kind == "staff":
            names[row.review_id] = getattr(subject, "email", None) or ""
        elif row.kind == "emergency_code":
            names[row.review_id] = getattr(subject, "label", None) or ""
        else:
            names[row.review_id] = str(getattr(subject, "display_name", None) or getattr(subject, "name", ""))
    return names


@bp.post("/<review_id>")
@allowed("decide_restored")
def decide_one(review_id: str) -> Page:
    """Allow one thing again, or leave it as it is."""
    row = get_or_404(request_session(), RestoreReview, review_id)
    form = DecisionForm()
    return press(
        lambda act: decide(act, review_id, typed(form.decision)),
        for_good=lambda _act: _end_of(row, typed(form.decision)),
        saved=_("Decided."),
        back=to("restored.show"),
        form=form,
        preview="after" if form.decision.data == STOLEN else "first",
    )


@bp.post("/keep-all")
@allowed("decide_restored")
def keep() -> Page:
    """Leave everything about people, cards, lanes and hours as it is."""
    back = to("restored.show")
    answer = submit(
        DecisionForm(),
        keep_all,
        saved=lambda count: ngettext("%(num)d left as it is.", "%(num)d left as they are.", count),
        back=back,
    )
    return answer or back


def _end_of(row: RestoreReview, decision: str) -> ForGood | None:
    """Return what follows where a decision ends a key or an address of another system for good."""
    if decision != KEPT or row.kind not in ("api_key", "webhook"):
        return None
    name = _names([row])[row.review_id]
    return ForGood([_("“%(name)s” ends: that system reads and receives nothing any more.", name=name)])
