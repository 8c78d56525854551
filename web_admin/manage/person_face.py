"""Pages for a person's face at the desk: record a refusal or withdrawal, never a yes; age, guardians."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, SelectField
from wtforms.validators import Optional

from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.compound.usable_credentials import usable_methods
from web_admin.core.database import request_session
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import record_refusal, withdraw_face
from web_admin.face.ages import set_age_band
from web_admin.face.guardians import name_guardian, remove_guardian
from web_admin.face.queries import checked_guardians, had_guardian, newest_notice, only_guardian_id, rules_of
from web_admin.people.listings import names_of_adults
from web_admin.people.texts import AGE_BANDS
from web_admin.web.context import get_or_404, submit, typed
from web_admin.web.fields import options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import request_now

bp = Blueprint("consent_desk", __name__, url_prefix="/manage/people/<person_id>/face")


class AgeForm(OnceForm):
    """An age band and the day it ends; no date of birth."""

    age_band = SelectField(_l("Age"), choices=options(AGE_BANDS))
    age_band_until = DateField(
        _l("First day of the next age"),
        validators=[Optional()],
        description=_l(
            "The 14th or 18th birthday. Only this day is kept; consent to face is asked again on it."
        ),
    )


class GuardianForm(OnceForm):
    guardian_id = SelectField(_l("Guardian, checked at the desk"))
    is_only = BooleanField(
        _l("There is no other guardian"),
        description=_l("Then this one's yes is enough, although both guardians are asked for here."),
    )


def _person(person_id: str) -> Person:
    return get_or_404(request_session(), Person, person_id)


@bp.get("")
@allowed("edit_people")
def show(person_id: str) -> str:
    """Show what staff can record about this person's face."""
    return _page(_person(person_id))


def _page(person: Person, **forms: OnceForm) -> str:
    session = request_session()
    named = checked_guardians(session, person.person_id)
    only = only_guardian_id(session, person.person_id)
    age, guardian = forms.get("age") or AgeForm(formdata=None, obj=person), forms.get("guardian")
    guardian = guardian or GuardianForm(formdata=None)
    if not rules_of(session, person.site_id).both_guardians:
        del guardian.is_only
    _offer_adults(guardian, person)
    return render_template(
        "manage/person_face.html",
        person=person,
        named=named,
        only=only,
        nobody_left=not named and had_guardian(session, person.person_id),
        age=age,
        guardian=guardian,
        button=forms.get("button") or AgainForm(formdata=None),
    )


def _offer_adults(form: OnceForm, person: Person) -> None:
    form.guardian_id.choices = options(names_of_adults(request_session(), person.home_id))


@bp.post("/no")
@allowed("edit_people")
def write_down(person_id: str) -> Page:
    """Write down a no or a withdrawal that the person said at the desk, and go on to a card."""
    person, form = _person(person_id), AgainForm()
    withdraws = request.form.get("answer") == "withdraw"
    answer = submit(
        form,
        lambda act: _write_down(act, person, withdraws=withdraws),
        saved=_("Face is off. Your face data is being deleted.")
        if withdraws
        else _("Recorded. Nothing changes for this person, and they are not asked again."),
        back=to("person.show", person_id=person_id),
        preview="first" if withdraws else "after",
        for_good=lambda _act: _end_of_face(person),
    )
    if answer is None:
        return _page(person, button=form), 422
    if not isinstance(answer, Response):
        return answer  # the page of what follows
    if Method.CARD not in usable_methods(request_session(), person_id, request_now()):
        return to("cards.give", person_id=person_id)
    return answer


def _end_of_face(person: Person) -> ForGood:
    line = _(
        "The face of %(name)s is deleted, here and at every gate. Their other ways in stay.",
        name=person.display_name,
    )
    return ForGood([line], people=1)


def _write_down(act: Action, person: Person, *, withdraws: bool) -> None:
    if withdraws:
        withdraw_face(act, person.person_id)
        return
    notice = newest_notice(act.session, FACE_PURPOSE, person.language)
    version = notice.version if notice is not None else None
    record_refusal(act, person.person_id, version, person.language)


@bp.post("/age")
@allowed("edit_people")
def correct_age(person_id: str) -> Page:
    """Correct an age band and the day it ends."""
    person, form = _person(person_id), AgeForm()
    answer = submit(
        form,
        lambda act: set_age_band(act, person_id, typed(form.age_band), form.age_band_until.data),
        saved=lambda _done: say_saved(_("Saved.")),
        back=_back(person_id),
    )
    return answer or (_page(person, age=form), 422)


@bp.post("/guardian")
@allowed("edit_people")
def write_guardian(person_id: str) -> Page:
    """Note a guardian that was checked at the desk, or that they are none any more."""
    person, form = _person(person_id), GuardianForm()
    _offer_adults(form, person)
    gone, back = request.form.get("gone"), _back(person_id)
    if gone:
        button = AgainForm()
        answer = submit(
            button,
            lambda act: remove_guardian(act, person_id, gone),
            for_good=lambda _act: _end_of_guardian(person),
            saved=_("Saved."),
            back=back,
        )
        form.form_errors.extend(button.form_errors)
    else:
        answer = submit(
            form,
            lambda act: name_guardian(
                act, person_id, typed(form.guardian_id), is_only=bool(form.is_only.data)
            ),
            saved=_("Saved."),
            back=back,
        )
    return answer or ((_page(person, guardian=form), 422) if form.errors else back)


def _end_of_guardian(person: Person) -> ForGood:
    line = _("What this guardian agreed to for %(name)s ends, also a face.", name=person.display_name)
    return ForGood([line], people=1)


def _back(person_id: str) -> Response:
    return to("consent_desk.show", person_id=person_id)
