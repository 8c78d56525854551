"""Pages of visitors: passes that the property office issues, and a page to print one without names."""

from dataclasses import asdict
from datetime import timedelta

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.core.database import request_session
from web_admin.core.parameters import moment_of
from web_admin.manage.weekly_of_office import weekly_of_office
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.gate_sets import LISTED, GateChoice
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import pass_state
from web_admin.visitors.queries import STATES, PassSearch, Whose, listed_passes
from web_admin.visitors.uses import state_with_uses, uses_of
from web_admin.web.context import form_page, from_local, get_or_404, press, submit, typed
from web_admin.web.fields import options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm
from web_admin.web.gate_sets import LONG_LIST, GatesForm, NamesInPasses, gates_with_codes, outer_place
from web_admin.web.links import pass_link
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page, to
from web_admin.web.qr_picture import svg_of
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now, site_zone
from web_admin.web.slips import pass_slip

bp = Blueprint("visitors", __name__, url_prefix="/manage/visitors")


class PassForm(GatesForm):
    label = StringField(
        _l("Who is it for?"),
        description=_l("In your own words, such as “lift service”. It is not printed."),
        validators=[InputRequired(_l("Say who it is for.")), Length(max=60)],
    )
    valid_from = DateTimeLocalField(_l("From"), validators=[InputRequired(_l("Choose when it starts."))])
    valid_until = DateTimeLocalField(
        _l("Until"),
        description=_l("At most seven days."),
        validators=[InputRequired(_l("Choose when it ends."))],
    )
    uses = RadioField(
        _l("How often?"),
        choices=options([("0", _l("As often as needed")), ("1", _l("Once, at one gate"))]),
        default="0",
    )
    one_gate = SelectField(_l("At which gate?"), coerce=int)

    def offer_gates(self) -> None:
        """Offer the gates of a pass, and those of a pass for one visit, paired outer ones first."""
        super().offer_gates()
        reading, outer = gates_with_codes(), outer_place()
        reading.sort(key=lambda gate: (gate.state != "paired", gate.place_id != outer, gate.number))
        if not reading:
            del self.one_gate
            return
        self.one_gate.choices = options((gate.number, gate.name) for gate in reading)
        if not self.one_gate.raw_data:
            self.one_gate.data = reading[0].number

    def choice(self) -> GateChoice:
        """Return what was chosen: for one visit the one gate."""
        if self.uses.data == "1" and self.one_gate is not None and self.one_gate.raw_data:
            return GateChoice([self.one_gate.data], LISTED)
        return super().choice()


@bp.get("/")
@allowed("see_visitors")
def show_list() -> str:
    """List passes, newest first: the office's own with their words; residents' without words and uses."""
    wanted = _wanted()
    now = request_now()
    rows, older = listed_passes(request_session(), current_site().site_id, wanted, now)
    return render_template(
        "manage/visitors.html",
        rows=rows,
        older=older.isoformat() if older is not None else None,
        wanted=wanted,
        filtered=bool(wanted.text or wanted.state),
        names=NamesInPasses(current_site().site_id),
        button=AgainForm(formdata=None),
        weekly=weekly_of_office() if wanted == PassSearch() else [],
    )


def _wanted() -> PassSearch:
    chosen = request.args.get("whose")
    whose: Whose = "office" if chosen == "office" else "residents" if chosen == "residents" else "all"
    return PassSearch(
        whose=whose,
        text=looked_for(60),
        state=request.args.get("state", "") if request.args.get("state") in STATES else "",
        before=moment_of(request.args.get("before", "")),
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("issue_passes")
def new() -> Page:
    """Issue a pass and go on to its print page."""
    form = PassForm()
    form.offer_gates()
    if not form.is_submitted():
        start = request_now().astimezone(site_zone()).replace(second=0, microsecond=0)
        form.valid_from.data = start
        form.valid_until.data = start + timedelta(hours=24)
    answer = submit(
        form,
        lambda act: issue_pass(
            act,
            issuer_person_id=None,
            label=typed(form.label),
            **asdict(form.choice()),
            valid_from=from_local(form.valid_from.data),
            valid_until=from_local(form.valid_until.data),
            uses=int(form.uses.data),
        ),
        back=to("visitors.show_list"),
        then=lambda row: to("visitors.show", pass_id=row.pass_id),
    )
    return answer or form_page("manage/visitor_new.html", form, long_list=LONG_LIST)


@bp.get("/<pass_id>")
@allowed("issue_passes")
def show(pass_id: str) -> str:
    """Show a pass to print: the code, gates and times; no name and no home."""
    row = get_or_404(request_session(), VisitorPassRow, pass_id)
    if row.issuer_person_id is not None:
        abort(404)
    uses = uses_of(request_session(), [pass_id]).get(pass_id, [])
    return render_template(
        "manage/visitor_pass.html",
        row=row,
        state=state_with_uses(row, uses, request_now()),
        gates=NamesInPasses(row.site_id).of(row.gate_numbers),
        uses=uses,
        link=pass_link(row),
        picture=svg_of(row.text, _("QR code of the pass")),
    )


@bp.get("/<pass_id>/slip")
@allowed("issue_passes")
def slip(pass_id: str) -> str:
    """Show a pass of the office as a slip for a thermal printer; residents' own visitors are theirs alone."""
    row = get_or_404(request_session(), VisitorPassRow, pass_id)
    if row.issuer_person_id is not None or pass_state(row, request_now()) not in ("live", "not_yet"):
        abort(404)
    gates = NamesInPasses(row.site_id).of(row.gate_numbers)
    return pass_slip(row, gates, url_for("visitors.show", pass_id=pass_id))


@bp.post("/<pass_id>/withdraw")
@allowed("issue_passes")
def withdraw(pass_id: str) -> Page:
    """Withdraw a pass, after what follows was read; doing it again changes nothing."""
    row = get_or_404(request_session(), VisitorPassRow, pass_id)
    return press(
        lambda act: withdraw_pass(act, pass_id),
        for_good=lambda _act: _end_of(row),
        saved=lambda _done: say_saved(_("Withdrawn.")),
        back=to("visitors.show_list"),
    )


def _end_of(row: VisitorPassRow) -> ForGood | None:
    if row.withdrawn_at is not None:
        return None
    return ForGood([_("The pass of “%(label)s” opens nothing any more.", label=row.label)], people=1)
