"""Pages of print runs: invitations or sealed PIN slips of whole buildings, made in parts and shown once."""

from collections.abc import Iterator

from flask import Blueprint, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import BooleanField, RadioField

from web_admin.accounts.permissions import allowed
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.people.print_models import PrintRun
from web_admin.people.print_runs import (
    INVITATIONS,
    PINS,
    ShownSlip,
    begin_run,
    buildings_of,
    cancel_run,
    hand_out,
    make_part,
    newest_runs,
    show_slips,
)
from web_admin.web.context import current_action, form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.for_good import END, ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.qr_picture import svg_of
from web_admin.web.site import current_site

bp = Blueprint("print_runs", __name__, url_prefix="/manage/print")

LISTED = 20


class RunForm(OnceForm):
    kind = RadioField(
        _l("What?"),
        default=INVITATIONS,
        choices=options([(INVITATIONS, _l("Invitations to the phone page")), (PINS, _l("Sealed PIN slips"))]),
    )
    buildings = CheckList(_l("Buildings"))
    everyone = BooleanField(
        _l("Also for people who have a PIN: theirs is replaced"),
        description=_l("Only for PIN slips. The old PINs work until you say that the slips were handed out."),
    )


@bp.route("", methods=["GET", "POST"])
@allowed("issue_credentials")
def show_list() -> Page:
    """Show the runs so far, and begin one."""
    form = RunForm()
    buildings = buildings_of(current_action())
    form.buildings.choices = options((name, name) for name in buildings)
    answer = submit(
        form,
        lambda act: begin_run(
            act, typed(form.kind), form.buildings.data or [], everyone=bool(form.everyone.data)
        ),
        back=to("print_runs.show_list"),
        then=lambda run: _back(run.run_id),
    )
    return answer or form_page(
        "manage/print_runs.html", form, runs=newest_runs(current_action(), LISTED), buildings=buildings
    )


@bp.get("/<run_id>")
@allowed("issue_credentials")
def show(run_id: str) -> str:
    """Show how far a run is and what comes next."""
    run = get_or_404(request_session(), PrintRun, run_id)
    return render_template("manage/print_run.html", run=run, button=AgainForm(formdata=None))


@bp.post("/<run_id>/step")
@allowed("issue_credentials")
def step(run_id: str) -> Response | dict[str, object]:
    """Make the next part; the page's script asks for one after the other, and may be left at any time."""
    get_or_404(request_session(), PrintRun, run_id)
    run = None
    try:
        run = make_part(current_action(), run_id)
    except ActionRefused:
        run = get_or_404(request_session(), PrintRun, run_id)  # another window made the last part
    if request.accept_mimetypes.best == "application/json":
        return {"done": run.done, "total": run.total, "state": run.state}
    return _back(run_id)


@bp.post("/<run_id>/show")
@allowed("issue_credentials")
def show_once(run_id: str) -> Page:
    """Show every page to print, this one time."""
    run = get_or_404(request_session(), PrintRun, run_id)
    return press(
        lambda act: show_slips(act, run_id),
        back=_back(run_id),
        then=lambda slips: Response(
            render_template("print/run.html", run=run, count=len(slips), pages=_pages(run.kind, slips)),
            mimetype="text/html",
        ),
    )


def _pages(kind: str, slips: list[ShownSlip]) -> Iterator[Markup]:
    """Give one person's page after the other, each in that person's language."""
    site_name = current_site().name
    address = current_menjin().config.public_url.rstrip("/")
    for slip in slips:
        with force_locale(slip.language):
            link = address + url_for("resident.welcome", code=slip.secret)
            picture = svg_of(link, _("QR code of the invitation")) if kind == INVITATIONS else None
            page = render_template(
                "print/slip.html",
                slip=slip,
                picture=picture,
                site_name=site_name,
                link=address + url_for("resident.welcome"),
                slip_language=slip.language,
            )
        yield Markup(page)  # noqa: S704 - made by a template that escapes


@bp.post("/<run_id>/handed-out")
@allowed("issue_credentials")
def handed_out(run_id: str) -> Page:
    """Note that the slips were handed out; from now on new PINs work, and those before them end."""
    run = get_or_404(request_session(), PrintRun, run_id)
    return press(
        lambda act: hand_out(act, run_id),
        for_good=lambda _act: _end_of_pins(run),
        saved=lambda count: (
            _("Done. %(given)s of %(total)s new PINs work now.", given=count, total=run.total)
            if run.kind == PINS
            else _("Noted. The invitations work for fourteen days.")
        ),
        back=_back(run_id),
    )


@bp.post("/<run_id>/cancel")
@allowed("issue_credentials")
def cancel(run_id: str) -> Page:
    """Cancel a run, after what follows was read."""
    run = get_or_404(request_session(), PrintRun, run_id)
    return press(
        lambda act: cancel_run(act, run_id),
        for_good=lambda _act: _of_run(run, _("Nothing of what was printed works. Throw the paper away.")),
        saved=_("Cancelled. Nothing of this run works; throw its paper away."),
        back=_back(run_id),
    )


def _end_of_pins(run: PrintRun) -> ForGood | None:
    if run.kind != PINS:
        return None
    return _of_run(run, _("From now on the new PINs open, and those before them no more."))


def _of_run(run: PrintRun, line: str) -> ForGood:
    return ForGood([line], run.total, word=END if run.total > 1 else None)


def _back(run_id: str) -> Response:
    return to("print_runs.show", run_id=run_id)
