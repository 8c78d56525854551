"""Pages of privacy: face on or off for the site, notices, counts."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Length

from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.calls.usage import calls_in_use
from web_admin.core.database import current_menjin, request_session
from web_admin.core.texts import LANGUAGES
from web_admin.custody.queries import notice_versions
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.usage import ways_in_use, worse_than_face
from web_admin.face.actions import disable_face, enable_face
from web_admin.face.authority_threshold import THRESHOLD, people_with_faces, threshold_status
from web_admin.face.consent_rules import renewals_by_rules, set_consent_rules
from web_admin.face.notices import NOTICE_FIELDS, publish_notice
from web_admin.face.queries import newest_notice, rules_of
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.gates.queries import gates_without_face
from web_admin.privacy.contact import contact_of
from web_admin.privacy.queries import choices_about_faces
from web_admin.web.context import form_page, submit
from web_admin.web.for_good import ASK, DELETE, ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.places import site_lanes
from web_admin.web.site import current_site, request_now

bp = Blueprint("privacy", __name__)

MAX_NOTICE_CHARS = 2000


class RulesForm(OnceForm):
    """Requirements before a face is used, beyond the law's least."""

    written_release = BooleanField(
        _l("A signature"),
        description=_l(
            "People type their name under the notice on their own phone, and what they signed is "
            "kept. For places whose law asks for a written release, such as Illinois."
        ),
    )
    both_guardians = BooleanField(
        _l("Both guardians of a minor"),
        description=_l("Where there is only one, note it on the minor's page at the desk."),
    )


class NoticeForm(OnceForm):
    """All fields of a notice in both languages; they are added below."""

    def groups(self) -> list[tuple[str, list[TextAreaField]]]:
        """Return (language, its fields) in the order shown."""
        return [(language, [self[f"{language}.{name}"] for name in NOTICE_FIELDS]) for language in LANGUAGES]

    def texts(self) -> dict[str, dict[str, str]]:
        """Return the typed texts of each language by the name of their field."""
        return {
            language: {field.name.partition(".")[2]: field.data or "" for field in fields}
            for language, fields in self.groups()
        }


for _language in LANGUAGES:
    for _name in NOTICE_FIELDS:
        setattr(
            NoticeForm,
            f"{_language}.{_name}",
            TextAreaField(
                NOTICE_HEADINGS[_name], validators=[Length(max=MAX_NOTICE_CHARS)], render_kw={"rows": 3}
            ),
        )


@bp.get("/manage/privacy")
@allowed("see_privacy")
def settings() -> str:
    """Show the site's settings of face, and how many people chose each method."""
    return _settings_page(AgainForm(formdata=None))


def _settings_page(button: AgainForm, asked_for: RulesForm | None = None) -> str:
    ways = ways_in_use(request_session(), current_site().site_id, request_now())
    return render_template(
        "manage/privacy.html",
        ways_in_use=ways,
        worse=worse_than_face(ways),
        calls=calls_in_use(
            request_session(), current_site(), current_menjin().config.passage_days, request_now()
        ),
        site=current_site(),
        counts=choices_about_faces(request_session(), current_site().site_id),
        contact=contact_of(request_session(), current_site().site_id),
        threshold_status=threshold_status(people_with_faces(request_session())),
        people_with_faces=people_with_faces(request_session()),
        threshold=THRESHOLD,
        notices=notice_versions(request_session(), FACE_PURPOSE, DEFAULT_LANGUAGE),
        face_lanes=[lane for lane in site_lanes() if Method.FACE in lane.methods],
        gates_without_face=gates_without_face(request_session(), current_site().site_id),
        button=button,
        renewals_needed=renewals_by_rules(request_session(), current_site().site_id),
        rules=asked_for or RulesForm(formdata=None, obj=rules_of(request_session(), current_site().site_id)),
    )


@bp.post("/manage/privacy/face")
@allowed("edit_privacy")
def switch_face() -> Page:
    """Switch face on at this site, or, after what follows was read, off, and delete all faces."""
    form, back = AgainForm(), to("privacy.settings")
    on = request.form.get("face") == "on"
    answer = submit(
        form,
        enable_face if on else disable_face,
        for_good=None if on else _end_of_faces,
        saved=_("Face is offered to those who want it.")
        if on
        else _("Face is off. Your face data is being deleted."),
        back=back,
    )
    return answer or ((_settings_page(form), 422) if form.form_errors else back)


def _end_of_faces(act: Action) -> ForGood:
    people = choices_about_faces(act.session, act.site_id)["live"]
    lanes = [lane for lane in site_lanes() if Method.FACE in lane.methods]
    lines = [_("Every face is deleted, here and at every gate. To have it back, people agree once more.")]
    if lanes:
        lines.append(
            ngettext(
                "Face is taken off %(num)d lane. Other ways in stay as they are.",
                "Face is taken off %(num)d lanes. Other ways in stay as they are.",
                len(lanes),
            )
        )
    return ForGood(lines, people, word=DELETE)


@bp.post("/manage/privacy/consent")
@allowed("edit_privacy")
def ask_for() -> Page:
    """Set the rules of consent; consents with less have to be renewed."""
    form = RulesForm()
    answer = submit(
        form,
        lambda act: set_consent_rules(
            act,
            written_release=bool(form.written_release.data),
            both_guardians=bool(form.both_guardians.data),
        ),
        for_good=lambda act: _asked_again_by_rules(act, form),
        saved=_said_of_rules,
        back=to("privacy.settings"),
    )
    return answer or (_settings_page(AgainForm(formdata=None), form), 422)


def _asked_again_by_rules(act: Action, form: RulesForm) -> ForGood | None:
    """Return whose consents the rules end, as far as they ask for more than before."""
    before = rules_of(act.session, act.site_id)
    release, guardians = renewals_by_rules(act.session, act.site_id)
    asked = [
        people
        for people, is_new in (
            (release, form.written_release.data and not before.written_release),
            (guardians, form.both_guardians.data and not before.both_guardians),
        )
        if is_new
    ]
    return _asked_again(max(asked, default=0))


def _asked_again(people: int) -> ForGood | None:
    if not people:
        return None
    lines = [_("They are asked again. Until they agree, their face opens nothing; other ways in stay.")]
    return ForGood(lines, people, word=ASK if people > 1 else None)


def _said_of_rules(asked: int) -> str:
    if not asked:
        return str(_("Saved."))
    said: str = ngettext(
        "Saved. %(num)d person is asked again; until then their face is off.",
        "Saved. %(num)d people are asked again; until then their faces are off.",
        asked,
    )
    return said


@bp.route("/manage/privacy/notice", methods=["GET", "POST"])
@allowed("edit_privacy")
def edit_notice() -> Page:
    """Publish a new version of the notice; consents to an older one have to be renewed."""
    form = NoticeForm()
    if not form.is_submitted():
        for language, fields in form.groups():
            newest = newest_notice(request_session(), FACE_PURPOSE, language)
            for field in fields:
                field.data = newest.fields.get(field.name.partition(".")[2], "") if newest else ""
    answer = submit(
        form,
        lambda act: publish_notice(act, FACE_PURPOSE, form.texts()),
        for_good=lambda act: _asked_again(choices_about_faces(act.session, act.site_id)["live"]),
        saved=lambda version: _("Version %(number)s is published.", number=version),
        back=to("privacy.settings"),
    )
    return answer or form_page("manage/notice.html", form, languages=LANGUAGES)
