"""Page of the gates' versions: which one each runs, and bringing them to another."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin, request_session
from web_admin.updates.actions import begin_rollout, hurry_rollout, resume_rollout, stop_rollout
from web_admin.updates.models import Rollout
from web_admin.updates.queries import gates_to_update, newest_rollout
from web_admin.updates.repository import machines_of, offered_versions, versions_to_go_back_to
from web_admin.web.context import current_site, do
from web_admin.web.fields import options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page

bp = Blueprint("updates", __name__, url_prefix="/manage/updates")


class RolloutForm(OnceForm):
    """The version that all gates are to run."""

    version = SelectField(_l("Version"))


@bp.get("/")
@allowed("see_gates")
def show() -> str:
    """Show each gate's version, how far its update is, and the roll-out that is under way."""
    return _page(_form())


@bp.post("/begin")
@allowed("update_gates")
def begin() -> Page:
    """Begin to bring the gates to a version."""
    data_dir = current_menjin().config.data_dir
    form, offered, back_to = _form(), offered_versions(data_dir), versions_to_go_back_to(data_dir)
    if form.validate_on_submit():
        rollout = do(form, lambda act: begin_rollout(act, str(form.version.data), offered, back_to))
        if rollout is not None:
            flash(_("Begun. One gate fetches %(version)s first.", version=rollout.version), "success")
        if not form.errors and not form.form_errors:
            return redirect(url_for("updates.show"), 303)
    return _page(form), 422


@bp.post("/go-on")
@allowed("update_gates")
def go_on() -> Response:
    """Begin the next stage without the rest of the day."""
    return _pressed(hurry_rollout, _("More gates fetch the version now."))


@bp.post("/resume")
@allowed("update_gates")
def resume() -> Response:
    """Let the gates try once more after one went back."""
    return _pressed(resume_rollout, _("The roll-out goes on."))


@bp.post("/stop")
@allowed("update_gates")
def stop() -> Response:
    """End the roll-out."""
    return _pressed(stop_rollout, _("Stopped. Gates that run the version keep it."))


def _pressed(work: Callable[[Action], Rollout], done: str) -> Response:
    form = AgainForm()
    if form.validate_on_submit() and do(form, work) is not None:
        flash(done, "success")
    for error in form.form_errors:
        flash(str(error), "danger")
    return redirect(url_for("updates.show"), 303)


def _form() -> RolloutForm:
    form = RolloutForm()
    versions = list(reversed(offered_versions(current_menjin().config.data_dir)))
    form.version.choices = options((version, version) for version in versions)
    return form


def _page(form: RolloutForm) -> str:
    session, site_id = request_session(), current_site().site_id
    rollout = newest_rollout(session, site_id)
    data_dir = current_menjin().config.data_dir
    halted_by = session.get(Gate, rollout.halted_by) if rollout is not None and rollout.halted_by else None
    return render_template(
        "manage/updates.html",
        form=form,
        gates=gates_to_update(session, site_id),
        rollout=rollout,
        halted_by=halted_by,
        offered=[(version, machines_of(data_dir, version)) for version in offered_versions(data_dir)],
        button=AgainForm(formdata=None),
    )
