"""Show the pages of staff, one file per word after `/manage/`.

Imports no other door, holds no SQL and no rule.
"""

from flask import Flask

from web_admin.manage import (
    additions,
    alarms,
    api_keys,
    assessments,
    audits,
    bulk,
    card_batches,
    cards,
    contact,
    desk,
    disclosures,
    emergency,
    events,
    gates,
    gates_like,
    health,
    hours,
    incidents,
    lane_sheet_parts,
    lane_sheets,
    live,
    lost_card,
    moving,
    now,
    own_account,
    people,
    people_import,
    person,
    person_face,
    print_runs,
    privacy,
    report,
    requests,
    restore,
    schedules,
    search,
    settings,
    staff,
    updates,
    visitors,
    webhooks,
    weekly_visitors,
)

PAGES = (
    now, live, alarms, people, moving, people_import, bulk, person, additions, cards, card_batches,
    visitors, weekly_visitors, gates, gates_like, lane_sheets, lane_sheet_parts, schedules, hours,
    emergency, events, requests, privacy, contact, report, disclosures, incidents, audits, assessments,
    person_face, staff, own_account, settings, webhooks, health, updates, desk, lost_card, print_runs,
    api_keys, restore, search,
)  # fmt: skip


def register_manage_pages(app: Flask) -> None:
    """Register the pages of staff in the order in which their addresses are tried."""
    for page in PAGES:
        app.register_blueprint(page.bp)
