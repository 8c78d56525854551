"""The pages of staff that every page leads to: three groups, eight items, the pages of an item as tabs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: endpoint, the action that it needs, its picture, its name."""

    endpoint: str
    action: str
    picture: str
    label: LazyString


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu; it leads to the first of its pages that the role may see."""

    picture: str
    label: LazyString
    pages: tuple[Entry, ...]


def _alone(endpoint: str, action: str, picture: str, label: LazyString) -> Item:
    return Item(picture, label, (Entry(endpoint, action, picture, label),))


GROUPS: tuple[tuple[LazyString, tuple[Item, ...]], ...] = (
    (
        _l("Today"),
        (
            Item(
                "now",
                _l("Now"),
                (
                    Entry("now.show", "see_now", "now", _l("Now")),
                    Entry("gate_map.show", "see_now", "gate", _l("Map")),
                ),
            ),
            _alone("alarms.show_list", "acknowledge_alarm", "bell", _l("Alarms")),
            Item(
                "events",
                _l("Events"),
                (
                    Entry("events.show_list", "see_events", "events", _l("Events")),
                    Entry("events.explain", "explain_refusals", "question", _l("Why refused")),
                    Entry("try_it.ask", "explain_refusals", "check", _l("Try it out")),
                ),
            ),
        ),
    ),
    (
        _l("People"),
        (
            Item(
                "people",
                _l("People and homes"),
                (
                    Entry("people.show_list", "see_people", "people", _l("People and homes")),
                    Entry("cards.find", "see_card_holder", "card", _l("Cards")),
                    Entry("lost_card.find", "suspend_credentials", "pause", _l("Lost card")),
                    Entry("suspensions.show_list", "confirm_suspension", "lock", _l("Suspended people")),
                ),
            ),
            _alone("visitors.show_list", "see_visitors", "visitor", _l("Visitors")),
            _alone("desk.show", "serve_at_desk", "home", _l("Desk")),
        ),
    ),
    (
        _l("Compound"),
        (
            Item(
                "gate",
                _l("Gates and hours"),
                (
                    Entry("gates.show_list", "see_gates", "gate", _l("Gates and hours")),
                    Entry("health.show", "see_health", "health", _l("Health")),
                ),
            ),
            Item(
                "settings",
                _l("Administration"),
                (
                    Entry("requests.show_list", "see_requests", "request", _l("Requests")),
                    Entry("privacy.settings", "see_privacy", "privacy", _l("Privacy")),
                    Entry("staff.show_list", "see_staff", "staff", _l("Staff and roles")),
                    Entry("access_review.show", "review_access", "check", _l("Access review")),
                    Entry("settings.show", "see_settings", "settings", _l("Settings")),
                ),
            ),
        ),
    ),
)
PAGES: tuple[Entry, ...] = tuple(page for _group, items in GROUPS for item in items for page in item.pages)


def menu(may: Callable[[str], bool]) -> Sequence[tuple[LazyString, Sequence[Item]]]:
    """Return the groups with the items and pages that this role may see, without empty ones."""
    shown = []
    for group, items in GROUPS:
        seen = [
            Item(item.picture, item.label, tuple(page for page in item.pages if may(page.action)))
            for item in items
        ]
        if any(item.pages for item in seen):
            shown.append((group, [item for item in seen if item.pages]))
    return shown
