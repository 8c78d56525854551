"""Every page as it may look, in one list: what `make screenshots` takes and what the checks look at.

A new page adds one line: its name, who sees it, its path, and a CSS selector (`marker`) that only this
state has. `{words}` in a path are ids of the compound (`words_of` in `support/compounds/lived_in.py`). Steps
lead from the path to the state; they are done once per language and must bear being done twice.
"""

from dataclasses import dataclass
from typing import Literal

from tests.browser.terminal.states import SHOWN
from tests.support.compounds.managed import PASSWORD

Group = Literal["phone", "terminal", "manager", "desk", "visitor", "public", "errors", "many", "many_phone"]
Step = tuple[str, ...]
"""("click", selector), ("fill", selector, text), ("choose", selector, value) or ("open", path)."""

LANGUAGES = ("zh", "en")
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
TERMINAL_SIZES = {"small": (800, 480), "wide": (1280, 800), "tall": (1080, 1920)}


@dataclass(frozen=True)
class State:
    """A page in one of its states, and how a browser comes to it."""

    name: str
    group: Group
    who: str
    """A role of the staff, `desk` for a guard who serves a resident, a resident (`RESIDENTS`), or another."""
    path: str
    marker: str = "main h1"
    steps: tuple[Step, ...] = ()
    status: int = 200
    shows: str = ""
    """The endpoint that the steps lead to, where it answers GET and has no line of its own."""


def manager(name: str, path: str, marker: str = "main h1", *steps: Step, who: str = "manager") -> State:
    """Return a state of the staff's pages."""
    return State(name, "manager", who, f"/manage/{path}", marker, steps)


def phone(name: str, path: str, marker: str = "main h1", *steps: Step, who: str = "resident") -> State:
    """Return a state of the residents' pages."""
    return State(name, "phone", who, f"/r/{path}", marker, steps)


# fmt: off
MANAGER = (
    manager("now", "", ".card-box.alarm"),
    manager("now_as_installer", "", ".with-side", who="installer"),
    manager("alarms", "alarms/", "article.alarm"),
    manager("alarms_handed_over", "alarms/", "main .handover",
            ("fill", "form[action$='/hand-over'] #note", "Leaf in the east door, the electrician knows"),
            ("click", "form[action$='/hand-over'] button"), who="guard"),
    manager("hold_open", "lanes/north-in/hold-open", "main form #hours"),
    manager("lane", "lanes/north-in", "form[action$='/lanes/north-in/open']"),
    manager("lockdown", "lockdown", "main form .btn-bad"),
    manager("schedule_new", "lanes/north-in/schedules/new", "form.once, main form select"),
    manager("sheet", "lanes/north-in/sheet", ".sheet .facts"),
    manager("sheet_missing", "lanes/garage-out/sheet", "main a[href$='/garage-out/sheet/edit']"),
    manager("sheet_edit", "lanes/north-in/sheet/edit", "main fieldset.part"),
    manager("sheet_part", "lanes/garage-out/sheet/parts", "main form .btn-accent"),
    manager("search", "search/?q=王", "main .rows"),
    manager("people", "people/", "main .filters"),
    manager("people_none_found", "people/?q=zzz", "main .empty"),
    State("bulk_preview", "manager", "manager", "/manage/people/?building=3", "#chosen",
          (("click", "label:has([data-all])"), ("click", ".chosen-bar [value=invite]")),
          shows="bulk.preview"),
    manager("bulk_hours", "people/?building=3", "main form.bulk #hours_id",
            ("click", "label:has([data-all])"), ("click", ".chosen-bar [value=hours]")),
    State("bulk_done", "manager", "manager", "/manage/people/?building=1", "main .rows .chip",
          (("click", "label:has([data-all])"), ("click", ".chosen-bar [value=suspend]"),
           ("click", "main form .btn-bad"),
           ("click", "form[action$='/undo'] button")), shows="bulk.show"),
    manager("home", "people/homes/{home}", "main a[href='/manage/people/{person}']"),
    manager("home_new", "people/homes/new", "main form #number"),
    manager("home_new_refused", "people/homes/new", "main .wrong",
            ("fill", "#number", "1-0101"), ("click", "main form .btn-accent")),
    manager("move_in", "people/move-in", "main form"),
    manager("move_out_home", "people/homes/{home}/move-out", "main form"),
    manager("staff_person_new", "people/staff/new", "main form"),
    manager("person", "people/{person}", "main form[action$='/{person}/invite']"),
    manager("person_staff", "people/{captain}", "form[action$='/{captain}/override']"),
    manager("person_as_guard", "people/{person}", "main h1", who="guard"),
    manager("person_new", "people/new", "main form #display_name"),
    manager("person_edit", "people/{person}/edit", "main form #display_name"),
    manager("person_grants", "people/{person}/grants", "form[action$='/grants'], main form fieldset"),
    manager("person_face", "people/{person}/face", "form[action$='/face/no']"),
    manager("move_out", "people/{person}/move-out", "main form .btn-bad, main form .btn-accent"),
    manager("invitation", "people/{other}", "main svg.qr", ("click", "form[action$='/invite'] button"),
            ("go on",)),
    manager("pin_once", "people/{other}", ".once .code", ("click", "form[action$='/pin'] button"),
            ("go on",)),
    manager("people_import", "people/import", "main input[type=file]"),
    manager("cards", "cards/", "main form"),
    manager("card_batch", "cards/batch", "main h1"),
    manager("card_found", "cards/", "main a[href='/manage/people/{person}']",
            ("fill", "#number", "4200005"), ("click", "main form .btn")),
    manager("card_give", "cards/give/{person}", "main form"),
    manager("visitors", "visitors/", "main a[href='/manage/visitors/new']"),
    manager("visitor_new", "visitors/new", "main form #label"),
    manager("visitor_weekly_new", "visitors/weekly/new", "main .days"),
    manager("visitor_weekly", "visitors/weekly/{office_weekly}", "main #link"),
    manager("gates", "gates/", "main a[href='/manage/gates/north']"),
    manager("updates", "updates/", "main .card-box"),
    manager("gate_new", "gates/new", "main form"),
    manager("gate", "gates/north", "main a[href*='/lanes/north-in']"),
    manager("gate_unpaired", "gates/garage", "form[action$='/garage/pair']"),
    manager("gate_map", "map/", "main .map"),
    manager("gate_map_gate", "map/?gate=north", "main form[data-spot]"),
    manager("gate_places", "gates/places/", "main details summary"),
    manager("gate_place", "gates/places/{place}", "main form #name"),
    manager("gate_place_new", "gates/places/new", "main form #name"),
    manager("gate_names", "gates/north/names", "main form #name"),
    manager("gate_out_of_use", "gates/north/out-of-use", "main form #sure"),
    manager("gates_out_of_use", "gates/out-of-use", "main h1"),
    manager("gate_sign", "gates/north/sign", "main .sign"),
    manager("gates_like", "gates/north/more", "main form textarea"),
    manager("gates_like_preview", "gates/north/more", "main button[value=add]",
            ("fill", "#gates", "3栋1单元\n3栋2单元\tstair-32\nStair 12\n3栋3单元\tstair-33"),
            ("click", "main form .btn-accent")),
    manager("gates_like_refused", "gates/north/more", "main .wrong",
            ("fill", "#gates", "3栋1单元\n3栋2单元\tNo 32\n北门\n3栋3单元\tstair-33\n3栋1单元"),
            ("click", "main form .btn-accent")),
    manager("lane_edit", "gates/north/lanes/north-in", "main form fieldset"),
    manager("lane_new", "gates/north/lanes/new", "main form fieldset"),
    manager("hours_new", "hours/new", "main .days"),
    manager("hours_edit", "hours/{hours}", "main .days"),
    manager("day_edit", "hours/days/{day}", "form[action$='/remove']"),
    manager("day_new", "hours/days/new", "main input[type=date]"),
    manager("emergency", "emergency/", "main form[action$='/end']"),
    manager("emergency_new", "emergency/new", "main form"),
    manager("events", "events/", "main table.by-day"),
    manager("events_held", "events/?kind=held", "main table.list"),
    manager("passages_asked", "events/person/{person}", "main form"),
    manager("who_asked", "events/who/north/101?journal=j", "main form"),
    manager("why", "events/why", "main form"),
    manager("planned_acts", "later", "#past form"),
    manager("hours_begin_later", "hours/{hours}", "main #begins_at", ("click", "details.later summary")),
    manager("try_it", "try", "main form #q"),
    manager("try_it_found", "try?q=3-1203", "main form #person_id"),
    manager("week_of_lane", "access/lanes/north-in", "main .week svg"),
    manager("week_of_lane_without_names", "access/lanes/north-in", "main .kinds", who="installer"),
    manager("week_of_lane_unpaired", "access/lanes/garage-in", "main .flash"),
    manager("week_of_person_asked", "access/people/{person}", "main form #reason"),
    manager("why_past", "events/why/north/2?journal=j", "main .answer"),
    manager("privacy", "privacy", "main form[action$='/privacy/face']"),
    manager("notice", "privacy/notice", "main form textarea"),
    manager("assessments", "privacy/assessments", "main a[href*='/assessments/{assessment}']"),
    manager("assessment", "privacy/assessments/{assessment}", "main h1"),
    manager("assessment_compare", "privacy/assessments/{assessment}/compare/{older}"),
    manager("visitor_pass", "visitors/{office_pass}", "main svg.qr"),
    manager("requests", "requests/", "main table.list"),
    manager("requests_late", "requests/?show=late", "main .empty"),
    manager("request", "requests/{request}"),
    manager("privacy_contact", "privacy/contact", "main form"),
    manager("visitor_slip", "visitors/{office_pass}/slip", "svg"),
    manager("staff", "staff/", "main a[href='/manage/staff/{account}']"),
    manager("staff_as_privacy_officer", "staff/", "#review form", who="privacy_officer"),
    manager("staff_roles", "staff/roles"),
    manager("staff_new", "staff/new", "main form"),
    manager("staff_new_refused", "staff/new", "main .wrong", ("fill", "#email", "guard@example.org"),
            ("fill", "#shown_name", "Guard"), ("click", "label[for=role-0]"),
            ("click", "main form .btn-accent")),
    manager("staff_account", "staff/{account}"),
    manager("own_account", "account", "main form"),
    manager("guide", "help/", "#keys-on-the-keyboard"),
    manager("guide_lane_sheet", "help/lane-sheet", "#the-rules"),
    manager("keys", "help/", "dialog[open]", ("press", "?")),
    manager("desk", "desk", "form[action$='/desk/card']"),
    manager("desk_proof", "desk", "form[action$='/proof/pin']", who="guard"),
    manager("print_run", "print/{print_run}", "form[action$='/show']"),
    manager("suspensions", "suspensions", "#in-force"),
    manager("access_review", "access-review", "#rows li"),
    manager("access_review_kind", "access-review?show=all&kind=card", "#rows li"),
    manager("access_review_stop", "access-review?kind=card", "#rows details[open] select",
            ("click", "#rows details >> nth=0")),
    manager("access_review_record", "access-review/{review_round}", "main table.list"),
    manager("access_review_asked", "access-review/asked", "main .rows"),
    manager("lost_card", "lost-card", "main form"),
    manager("lost_card_found", "lost-card", "form[action*='/lost-card/']",
            ("fill", "main form #number", "3-1203"), ("click", "main form .btn")),
    manager("lost_card_number", "lost-card", "form[action$='/lost-card/number']",
            ("fill", "main form #number", "4299999"), ("click", "main form .btn")),
    manager("api_keys", "keys/", "main a[href$='/keys/new']"),
    manager("api_key_new", "keys/new", "main form"),
    manager("report_publish", "report", "main form"),
    manager("disclosures", "disclosures/", "main table.list"),
    manager("disclosure_new", "disclosures/new", "main form"),
    manager("audits", "audits/", "main table.list"),
    manager("audit_new", "audits/new", "main form"),
    manager("audit", "audits/{audit}", "main .columns"),
    manager("incidents", "incidents/", "main table.list"),
    manager("incident_new", "incidents/new", "main form"),
    manager("incident", "incidents/{incident}", "main .columns"),
    manager("settings", "settings", "main a[href$='/settings/site']"),
    manager("settings_site", "settings/site", "main form"),
    manager("settings_look", "settings/look", "main form"),
    manager("settings_look_refused", "settings/look", "main .wrong", ("fill", "#accent", "#ffdd00"),
            ("click", "form[action$='/look'] button")),
    manager("settings_mail", "settings/mail", "main form"),
    manager("webhook_new", "settings/webhooks/new", "main form"),
    State("webhook", "manager", "manager", "/manage/settings/webhooks/new", "form[action$='/test']",
          (("fill", "#name", "Property software"), ("fill", "#url", "https://192.168.7.20/take"),
           ("click", "label[for=kinds-0]"), ("click", "main form .btn-accent"),
           ("click", "main .buttons .btn-accent")), shows="webhooks.show"),
    manager("end_of_faces", "privacy", "#typed-word", ("click", "form[action$='/privacy/face'] button")),
    manager("print", "print", "main form"),
    manager("health", "health"),
    State("again", "manager", "manager", "/staff/again", "main #password"),
    manager("api_key_once", "keys/new", "main #key", ("fill", "#name", "Property software"),
            ("click", "label[for=scopes-0]"), ("click", "main form .btn-accent")),
    manager("emergency_once", "emergency/new", ".once .code", ("fill", "#label", "煤气 {language}"),
            ("click", "label[for=lanes-0]"), ("click", "main form .btn-accent")),
    manager("staff_link", "staff/new", ".once .code", ("fill", "#email", "new-{language}@example.org"),
            ("fill", "#shown_name", "夜班 Night"), ("click", "label[for=role-0]"),
            ("click", "main form .btn-accent")),
    manager("webhook_key", "settings/webhooks/new", ".once .number strong", ("fill", "#name", "Courier"),
            ("fill", "#url", "https://192.168.7.21/take"), ("click", "label[for=kinds-0]"),
            ("click", "main form .btn-accent")),
    manager("print_sheet", "print", "main .tools a", ("click", "label[for=kind-1]"),
            ("click", "label[for=buildings-0]"), ("click", "label[for=everyone]"),
            ("click", "main form .btn-accent"), ("click", "form[action$='/show'] button")),
    manager("print_run_shown", "print", "form[action$='/handed-out']",
            ("click", "main .rows li:has(.chip.warn) a.what")),
    manager("print_run_ended", "print", "main .chip.ok", ("click", "main .rows li:has(.chip.warn) a.what"),
            ("click", "form[action$='/handed-out'] button")),
    manager("pair_code", "gates/garage", ".once .code", ("click", "form[action$='/garage/pair'] button"),
            who="installer"),
    manager("passages_shown", "events/person/{person}", "main table.list tbody tr",
            ("fill", "#reason", "Asked at the desk"), ("click", "main form .btn-accent")),
    manager("who_named", "events/who/north/101?journal=j", "main .rows a.what",
            ("fill", "#reason", "The lane stood open"), ("click", "main form .btn-accent")),
    manager("try_it_answered", "try?q=3-1203", "main .answer",
            ("fill", "#reason", "Asked at the desk"), ("click", "form[method=post] .btn-accent")),
    manager("week_of_person", "access/people/{person}", "main table.list tbody tr",
            ("fill", "#reason", "Asked at the desk"), ("click", "main form .btn-accent")),
    manager("import_running", "people/import/jobs/{import_job}", "#progress[data-progress='under way']"),
    manager("assessment_new", "privacy/assessments/new", "main form textarea"),
)

PHONE = (
    phone("ways_in", "", "#card [role=switch]"),
    phone("code", "code", "[data-code-page][data-state=shown]", who="resident_with_code"),
    phone("code_switched_off", "code", "main h1, main h2"),
    phone("visitors", "visitors", "main form #label"),
    phone("visitor_pass", "visitors", "#link",
          ("fill", "#label", "李阿姨 Aunt Li"), ("click", "main form button >> nth=0")),
    phone("records", "records", "a[href$='/records/export.json']"),
    phone("help", "help", "main h1"),
    phone("face_notice", "face", "[data-face-yes]"),
    phone("another_way", "another-way", "main h1"),
    phone("password", "password", "#password"),
    phone("messages", "messages", "main h1"),
    phone("requests", "requests", "main a[href='/r/requests/{request}']"),
    phone("request", "requests/{request}"),
    phone("request_new", "requests/new/correction", "main form textarea"),
    phone("records_delete", "records/delete"),
    phone("passages", "records/passages"),
    phone("lookups", "records/lookups"),
    phone("own_messages", "records/messages", "main li[data-message]"),
    phone("weekly_pass", "visitors/weekly/{weekly}"),
    phone("pass_slip", "visitors/{own_pass}/slip", "svg"),
    phone("own_pass", "visitors/{own_pass}", "#link"),
    phone("my_home", "home", "main details summary"),
    phone("home_review", "home/review", "section[data-row=child]", who="guardian"),
    State("visitor_weekly", "phone", "resident", "/r/visitors", "#link",
          (("fill", "#label", "钢琴老师 Piano teacher"), ("click", "[name=uses][value=weekly]"),
           ("click", "form.new-pass button")), shows="resident.weekly_pass_page"),
    State("home_helper", "phone", "resident", "/r/home", "form[action$='/times']",
          (("click", "main details >> nth=2"), ("fill", "#helper-name", "小王"),
           ("click", "main details[open] button")), shows="resident.at_home"),
    phone("ways_in_asked", "", "main a[href='/r/guardian/{guardian_request}']", who="guardian"),
    phone("guardian", "guardian/{guardian_request}", "[data-face-yes]", who="guardian"),
    phone("ward_off", "guardian/of/{ward}/off", who="guardian"),
    phone("face_waiting", "face", who="minor"),
    phone("ways_in_invited_again", "", "form[action$='/at-gate']", who="resident_invited_again"),
    phone("ways_in_newly_invited", "", "form[action$='/at-gate']", who="resident_newly_invited"),
    phone("ways_in_at_gate", "", "section:not(:has(form)) > a.button[href^='/r/?']",
          ("click", "form[action$='/at-gate'] button, section > a.button[href^='/r/?']"),
          who="resident_at_gate"),
    phone("ways_in_with_face", "", "#face [role=switch]", who="resident_with_face"),
    phone("consent", "records/consents/{consent}", who="resident_with_face"),
    phone("records_after_withdrawal", "records", who="resident_without_face_again"),
    phone("certificate", "certificates/{withdrawn}", who="resident_without_face_again"),
    phone("ask_first", "", "[data-ask-first]", ("click", "form[action='/r/pin'] button"), who="guardian"),
    phone("new_pin", "", "#once-title", ("click", "form[action='/r/pin'] button"), ("go on",),
          who="guardian"),
    phone("face_on", "face", "main h1", who="resident_with_face"),
    phone("visitor_code", "visitors", "[data-visitor-code]",
          ("click", "form[action$='/visitors/code'] label:has([name=gate_number])"),
          ("click", "form[action$='/visitors/code'] button")),
    phone("visitors_refused", "visitors", "main .problem", ("fill", "#label", "李阿姨"),
          ("click", "label:has([name=when][value=typed])"), ("fill", "#valid_from", "2020-01-01T08:00"),
          ("fill", "#valid_until", "2020-01-01T07:00"), ("click", "form.new-pass button[type=submit]")),
    phone("password_refused", "password", "#name-problem", ("fill", "#name", "wang@home"),
          ("fill", "#password", "a quiet gate at noon"), ("click", "form[action$='/password'] button")),
    phone("face_withdraw", "face/off", "[data-face-off-now]", who="resident_with_face"),
)

DESK = (
    State("ways_in", "desk", "desk", "/r/", "#card"),
    State("visitors", "desk", "desk", "/r/visitors", "main form #label"),
    State("records", "desk", "desk", "/r/records"),
    State("face", "desk", "desk", "/r/face"),
    State("not_here", "desk", "desk", "/r/code", status=403),
    State("printed_code", "desk", "desk", "/r/", "article.card svg",
          (("click", "form[action='/r/printed-code'] button"),), shows="resident.printed_code_page"),
)

VISITOR = (
    State("visitor_link", "visitor", "stranger", "{visitor_link}", "main .code-frame"),
    State("visitor_link_cut_off", "visitor", "stranger", "/v/AAAA", "main .no-code", status=404),
)

PUBLIC = (
    State("front", "public", "stranger", "/", ".doors"),
    State("privacy_rules", "public", "stranger", "/privacy"),
    State("policy_on_faces", "public", "stranger", "/policy/biometrics"),
    State("report", "public", "stranger", "/report", "main .figures"),
    State("report_issue", "public", "stranger", "/report/1", "main .figures"),
    State("staff_sign_in", "public", "stranger", "/staff/sign-in", "#email"),
    State("staff_sign_in_wrong", "public", "stranger", "/staff/sign-in", "main [data-problems]",
          (("fill", "#email", "nobody@example.org"), ("fill", "#password", "wrong wrong wrong"),
           ("click", "main form button"))),
    State("staff_code", "public", "stranger", "/staff/sign-in", "#code",
          (("fill", "#email", "installer@example.org"), ("fill", "#password", PASSWORD),
           ("click", "main form button")), shows="security.two_factor_token_validation"),
    State("staff_authenticator", "public", "newcomer", "/staff/sign-in", "form[action$='/authenticator']",
          (("fill", "#email", "newcomer@example.org"), ("fill", "#password", PASSWORD),
           ("click", "main form button")), shows="security.two_factor_setup"),
    State("staff_join", "public", "stranger", "/staff/join", "main form"),
    State("welcome", "public", "stranger", "/r/welcome", "main #code"),
    State("welcome_wrong", "public", "stranger", "/r/welcome", "main #code-problem",
          (("fill", "#code", "ABCD-EFGH-2345"), ("click", "main form button"))),
    State("resident_sign_in", "public", "stranger", "/r/sign-in", "main #password"),
    State("resident_sign_in_wrong", "public", "stranger", "/r/sign-in", ".problem",
          (("fill", "#name", "nobody"), ("fill", "#password", "wrong wrong wrong"),
           ("click", "main form button"))),
    State("code_offline", "public", "stranger", "/r/code/offline/{language}", "[data-code-page]"),
)

ERRORS = (
    State("not_found", "errors", "manager", "/manage/nothing", "main .empty", status=404),
    State("not_allowed", "errors", "guard", "/manage/gates/", "main .empty", status=403),
    *(
        State(f"number_{code}", "errors", "stranger", f"/answers/{code}", "main .empty", status=code)
        for code in (400, 401, 405, 413, 429, 500, 503)
    ),
)

MANY = (
    State("now", "many", "manager", "/manage/", "#gate-b9-u1"),
    State("gates", "many", "manager", "/manage/gates/", "#found"),
    State("gate_map", "many", "manager", "/manage/map/", "#map a.dot .count"),
    State("gate_map_dot", "many", "manager", "/manage/map/?dot=b7-u2", "#near-title"),
    State("gate_map_gate", "many", "manager", "/manage/map/?gate=b7-u2", "#panel #gate-b7-u2"),
    State("gate_places", "many", "manager", "/manage/gates/places/", "#find_gate"),
    State("visitor_new", "many", "manager", "/manage/visitors/new", "#find_gate",
          (("click", "main details.more summary"),)),
    State("visitors", "many_phone", "resident", "/r/visitors", "#find_gate",
          (("click", "main details.more-gates summary"),)),
    State("visitor_pass", "many_phone", "resident", "/r/visitors", "#link",
          (("fill", "#label", "李阿姨 Aunt Li"), ("click", "main form button >> nth=0"))),
)
"""Pages that look otherwise in a compound of three hundred gates."""
# fmt: on

PAGES: tuple[State, ...] = (*MANAGER, *PHONE, *DESK, *VISITOR, *PUBLIC, *ERRORS)
"""Add a page's line to the group of who sees it."""

TERMINAL = SHOWN
"""The gate's screen: every view it can be given."""

NOT_PICTURED = {
    "static": "files of the pages, not pages",
    "live.stream": "a stream, no page",
    "live.waiting": "figures, no page",
    "bulk.act": "read, it leads back to the list",
    "people_import.template": "a file to download",
    "card_batch.put_in_place": "of one card; tests/browser/test_move_in.py looks at it",
    "card_batch.name_holder": "of one unassigned card; tests/browser/test_move_in.py looks at it",
    "security.static": "closed: files of a library",
    "security.two_factor_rescue": "closed: a page of a library that we do not offer",
    "security.tf_select": "closed: a page of a library that we do not offer",
    "resident.certificate_file": "a file to download",
    "report.issue_file": "a file to download",
    "register.register": "a file for machines",
    "resident.receipts_file": "a file to download",
    "resident.release_file": "a file to download",
    "resident.export": "a file to download",
    "resident.export_to_read": "a file to download",
    "resident.contact": "an answer to the page's own script",
    "resident.confirm_first": "the password typed again, as resident.password asks it first",
    "resident.messages_back": "of a link in a message; tests/web_admin/messages/ reads it",
    "resident.code_picture": "a picture within the code's page",
    "resident.service_worker": "a script",
    "sync_api.pair_state": "an answer to a gate",
    "sync_updates.metadata": "a file for gates",
    "sync_updates.target": "a file for gates",
    "visitor_pass.now": "an answer to the page's own script",
    "visitor_pass.picture": "a picture to keep",
    "settings.look_css": "files of the pages, not pages",
    "gate_map.plan": "files of the pages, not pages",
    "settings.logo": "files of the pages, not pages",
    "health.healthz": "an answer to a monitor",
    "health.livez": "an answer to a monitor",
    "health.security_txt": "a file for who finds a weakness",
    "audits.figures": "a file for the auditor",
    "access_review.record_file": "a file for the auditor",
    "access_review.record_sheet": "a file for the auditor",
    "health.readyz": "an answer to a monitor",
    "restored.show": "of a restored server; tests/web_admin/manage/test_restore.py reads it",
    "lost_card.slip": "the visitor's slip, of a pass made at night",
    "api-docs.openapi_json": "a document for programs",
    "api_homes.list_homes": "an answer to another system",
    "api_homes.show_home": "an answer to another system",
    "api_people.list_people": "an answer to another system",
    "api_people.show_person": "an answer to another system",
    "api_who_may.list_lanes": "an answer to another system",
    "api_gates.list_gates": "an answer to another system",
    "api_cards.find_card": "an answer to another system",
    "api_cards.list_cards": "an answer to another system",
    "api_passes.list_passes": "an answer to another system",
    "api_passes.show_pass": "an answer to another system",
    "api_events.list_events": "an answer to another system",
    "api_alarms.list_alarms": "an answer to another system",
    "api_metrics.read_metrics": "an answer to a monitor",
    "api_overview.read_overview": "an answer to the head office",
}
"""Routes that answer GET and have no line above, by endpoint, with the reason."""

README_PICTURES = {
    "phone_ways_in.webp": ("phone-ways_in-zh-phone.png", 844),
    "phone_code.webp": ("phone-code-zh-phone.png", 844),
    "visitor_pass.webp": ("visitor-visitor_link-en-phone.png", 844),
    "terminal.webp": ("terminal-idle-en-wide.png", 800),
    "manager_now.webp": ("manager-now-en-desktop.png", 800),
    "manager_person.webp": ("manager-person-zh-desktop.png", 800),
}
"""The README's pictures: which one of the gallery, and how many pixels of its height."""
