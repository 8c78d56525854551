"""Page of the gates' versions: which one each runs, and bringing them to another."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin, request_session
from web_admin.updates.actions import begin_rollout, hurry_rollout, resume_rollout, stop_rollout
from web_admin.updates.queries import gates_to_update, newest_rollout
from web_admin.updates.repository import machines_of, offered_versions, versions_to_go_back_to
from web_admin.web.context import press, submit
from web_admin.web.fields import options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.gate_sets import LONG_LIST
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("updates", __name__, url_prefix="/manage/updates")

QUIET_STEPS = ("", "kept")
"""A gate at one of these changes nothing now; where gates are many, these are folded."""


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
    answer = submit(
        form,
        lambda act: begin_rollout(act, str(form.version.data), offered, back_to),
        saved=lambda rollout: _("Started. One gate downloads %(version)s first.", version=rollout.version),
        back=to("updates.show"),
    )
    return answer or (_page(form), 422)


@bp.post("/go-on")
@allowed("update_gates")
def go_on() -> Page:
    """Begin the next stage without the rest of the day."""
    return press(hurry_rollout, saved=_("More gates fetch the version now."), back=to("updates.show"))


@bp.post("/resume")
@allowed("update_gates")
def resume() -> Page:
    """Let the gates try once more after one went back."""
    return press(resume_rollout, saved=_("The roll-out goes on."), back=to("updates.show"))


@bp.post("/stop")
@allowed("update_gates")
def stop() -> Page:
    """End the roll-out."""
    stopped = _("Stopped. Gates that run the version keep it.")
    return press(stop_rollout, saved=stopped, back=to("updates.show"))


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
    gates = gates_to_update(session, site_id)
    quiet = [gate for gate in gates if gate.update_step in QUIET_STEPS] if len(gates) > LONG_LIST else []
    return render_template(
        "manage/updates.html",
        form=form,
        gates=[gate for gate in gates if gate not in quiet],
        quiet=quiet,
        rollout=rollout,
        halted_by=halted_by,
        offered=[(version, machines_of(data_dir, version)) for version in offered_versions(data_dir)],
        button=AgainForm(formdata=None),
    )
