"""The pages of staff that every page leads to: endpoint, the action that it needs, its picture, its name."""

from flask_babel import lazy_gettext as _l

NAVIGATION = (
    ("now.show", "see_now", "now", _l("Now")),
    ("people.show_list", "see_people", "people", _l("People and homes")),
    ("cards.find", "see_card_holder", "card", _l("Cards")),
    ("visitors.show_list", "see_visitors", "visitor", _l("Visitors")),
    ("desk.show", "serve_at_desk", "home", _l("Desk")),
    ("lost_card.find", "suspend_credentials", "pause", _l("Lost card")),
    ("gates.show_list", "see_gates", "gate", _l("Gates and hours")),
    ("events.show_list", "see_events", "events", _l("Events")),
    ("alarms.show_list", "acknowledge_alarm", "bell", _l("Alarms")),
    ("events.explain", "explain_refusals", "question", _l("Why refused")),
    ("requests.show_list", "see_requests", "request", _l("Requests")),
    ("privacy.settings", "see_privacy", "privacy", _l("Privacy")),
    ("staff.show_list", "see_staff", "staff", _l("Staff and roles")),
    ("settings.show", "see_settings", "settings", _l("Settings")),
    ("health.show", "see_health", "health", _l("Health")),
)
