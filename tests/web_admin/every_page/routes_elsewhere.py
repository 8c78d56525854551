"""Routes that other tests ask for."""

ELSEWHERE = {
    "assessments.edit": "/manage/privacy/assessments/one/edit",
    "courier.show": "{courier_sign}",
    "events.explain_past": "/manage/events/why/north/2?journal=j",
    "events.who": "/manage/events/who/north/101?journal=j",
    "audits.figures": "/manage/audits/{audit}.json",
    "audits.show": "/manage/audits/{audit}",
    "incidents.show": "/manage/incidents/{incident}",
    "people_import.job": "/manage/people/import/jobs/one",
    "people_import.template": "/manage/people/import/template.csv",
    "print_runs.show": "/manage/print/{print_run}",
    "visitor_pass.show": "{visitor_link}",
    "visitor_pass.now": "{visitor_link}/now",
    "visitor_pass.picture": "{visitor_link}/pass.png",
    "visitors.show": "/manage/visitors/{office_pass}",
    "visitors.slip": "/manage/visitors/{office_pass}/slip",
    "webhooks.show": "/manage/settings/webhooks/one",
}
"""Where the example of the table of permissions is one that no role may see."""
