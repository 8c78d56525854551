"""Where walks over all routes ask for a page, and which routes they leave out."""

ELSEWHERE = {
    "assessments.edit": "/manage/privacy/assessments/one/edit",
    "audits.figures": "/manage/audits/{audit}.json",
    "audits.show": "/manage/audits/{audit}",
    "courier.show": "{courier_sign}",
    "events.explain_past": "/manage/events/why/north/2?journal=j",
    "events.who": "/manage/events/who/north/101?journal=j",
    "incidents.show": "/manage/incidents/{incident}",
    "people_import.job": "/manage/people/import/jobs/one",
    "people_import.template": "/manage/people/import/template.csv",
    "print_runs.show": "/manage/print/{print_run}",
    "resident.call": "/r/call/one",
    "resident.call_number": "/r/calls/numbers/one",
    "resident.call_state": "/r/call/one/state",
    "resident.gate_side_of_call": "/r/call/one/media",
    "visitor_pass.now": "{visitor_link}/now",
    "visitor_pass.picture": "{visitor_link}/pass.png",
    "visitor_pass.show": "{visitor_link}",
    "visitors.show": "/manage/visitors/{office_pass}",
    "visitors.slip": "/manage/visitors/{office_pass}/slip",
    "webhooks.show": "/manage/settings/webhooks/one",
}
"""Where the example of the table of permissions is one that no role may see."""

ENDLESS = ("live.stream", "resident.call_stream")
"""Streams: their answer has no end, and while it is open a thread of the server reads the database."""
