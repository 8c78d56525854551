"""Show the resident's phone pages under `/r/`, one file per word of the address.

Everything here acts for the person who is signed in and on their own things only: another
person's id in an address answers 404. Changes go through the actions of the subjects.
Imports no other door, holds no SQL and no rule.
"""

from flask import Flask

from web_admin.resident import (
    at_gate,
    call,
    call_media,
    call_numbers,
    call_stream,
    calls,
    certificates,
    code_offline,
    confirm,
    desk_visit,
    face,
    guardian,
    home_person,
    home_review,
    own_messages,
    passkeys,
    printed_code,
    push_phones,
    record_releases,
    records,
    records_delete,
    records_export,
    requests,
    sign_in,
    visitor_new,
    visitor_slips,
    visitors,
    ways_in,
)
from web_admin.resident import (
    code as my_code,
)
from web_admin.resident import (
    help as help_page,
)
from web_admin.resident import (
    home as my_home,
)
from web_admin.resident import (
    messages as messages_page,
)
from web_admin.resident.blueprint import bp
from web_admin.web.one_time_secrets import OneTimeSecrets

PAGES = (
    ways_in,
    my_code,
    code_offline,
    visitors,
    visitor_new,
    my_home,
    home_person,
    home_review,
    calls,
    call_numbers,
    call,
    call_media,
    call_stream,
    face,
    guardian,
    records,
    records_export,
    records_delete,
    requests,
    certificates,
    help_page,
    passkeys,
    messages_page,
    push_phones,
    own_messages,
    sign_in,
    visitor_slips,
    printed_code,
    at_gate,
    desk_visit,
    record_releases,
    confirm,
)


def register_resident_pages(app: Flask) -> None:
    app.extensions["menjin_one_time_secrets"] = OneTimeSecrets()
    app.register_blueprint(bp)
