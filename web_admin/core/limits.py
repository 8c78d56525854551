"""The server's limits in one table: value, place of enforcement, test.

Those with a window are counted in the database (`limit_counts.py`) and hold for the whole server, with any
number of workers. The others hold for each of what `of` names: those of a `process` for each worker process.
To add one: add a row here and its line in docs/limits.md, which `tests/project/test_limits.py` prints.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: at most `most` of `unit` for each `of`, within a window where there is one."""

    name: str
    most: int
    unit: str
    of: str
    enforced_at: str
    """`file.py::NAME`: the function that counts, or the constant that has the value."""
    shown_by: str
    """`tests/….py::test_name`"""
    window: timedelta | None = None

    @property
    def window_seconds(self) -> int:
        """Return the length of the window; raise ValueError where there is none."""
        if self.window is None:
            raise ValueError(f"the limit {self.name} has no window")
        return int(self.window.total_seconds())


FIVE_MINUTES, TEN_MINUTES = timedelta(minutes=5), timedelta(minutes=10)
_ALONE = "tests/served/test_a_guard_alone.py"
_DESK = "tests/web_admin/desk/test_limits.py"
_LOST = "tests/web_admin/desk/test_lost_cards.py"
_MESSAGES = "tests/web_admin/resident/test_messages.py"
_SESSIONS = "tests/web_admin/accounts/test_sessions.py"
_THROTTLE = "tests/web_admin/accounts/test_throttle.py"
_PROOFS = "tests/web_admin/calls/test_telephone_tasks.py"
_UPLOADS = "tests/web_admin/every_page/test_large_uploads.py"
_HOSTILE = "tests/web_admin/web/test_request_bodies.py"
_NOT_TRUSTED = "tests/web_admin/events/test_quarantine.py"
_SHEETS = "tests/web_admin/core/test_workbook.py"
_GUESSING = "tests/served/test_guessing_is_bounded.py"

# fmt: off
SIGN_IN_PAIR = Limit(
    "sign_in_pair", 10, "failed tries", "account and address", "web_admin/accounts/throttle.py::claim",
    f"{_GUESSING}::test_passwords_are_judged_ten_times_from_one_address_over_all_workers", FIVE_MINUTES,
)
SIGN_IN_ADDRESS = Limit(
    "sign_in_address", 200, "failed tries", "address", "web_admin/accounts/throttle.py::claim",
    f"{_THROTTLE}::test_its_owners_address_is_not_slowed_by_strangers_elsewhere_or_beside_it", FIVE_MINUTES,
)
SIGN_IN_ACCOUNT = Limit(
    "sign_in_account", 20, "failed tries before each costs a wait, up to five minutes", "account",
    "web_admin/accounts/throttle.py::claim",
    f"{_THROTTLE}::test_many_addresses_guess_one_account_slower_and_slower", timedelta(hours=1),
)
SIGN_IN_KNOWN = Limit(
    "sign_in_known", 1, "sign-in after which the two limits before do not hold there", "account and address",
    "web_admin/accounts/throttle.py::worked",
    f"{_THROTTLE}::test_its_owners_address_is_not_slowed_by_strangers_elsewhere_or_beside_it",
    timedelta(days=30),
)
SIGN_IN_CODES = Limit(
    "sign_in_codes", 5, "authenticator codes", "password step of staff",
    "web_admin/web/staff_guessing.py::claim_staff_try",
    f"{_GUESSING}::test_at_most_five_codes_of_a_password_step_are_judged",
    timedelta(hours=12),
)
PAIRING_CODES = Limit(
    "pairing_codes", 5, "codes", "address", "web_admin/sync/routes.py::pair",
    f"{_GUESSING}::test_five_wrong_pairing_codes_a_minute_over_all_workers", timedelta(minutes=1),
)
API_CALLS = Limit(
    "api_calls", 600, "calls", "API key", "web_admin/api/access.py::_check_key",
    "tests/web_admin/api/test_access.py::test_a_key_that_calls_too_often_waits",
    timedelta(minutes=1),
)
API_WRONG_KEYS = Limit(
    "api_wrong_keys", 30, "wrong keys that are answered 401; a right key is never slowed", "address",
    "web_admin/api/access.py::_check_key", f"{_GUESSING}::test_thirty_wrong_keys_shut_no_right_key_out",
    FIVE_MINUTES,
)
API_UNKNOWN_CARDS = Limit(
    "api_unknown_cards", 30, "unknown card numbers", "API key",
    "web_admin/api/access.py::check_card_misses",
    "tests/web_admin/api/test_cards.py::test_a_key_cannot_try_out_card_numbers", FIVE_MINUTES,
)
DESK_TYPED = Limit(
    "desk_typed", 20, "cards and PINs to begin with", "staff account", "web_admin/desk/limits.py::may_type",
    f"{_DESK}::test_cards_that_open_nothing_are_few_at_one_desk", TEN_MINUTES,
)
DESK_TYPED_DAILY = Limit(
    "desk_typed_daily", 120, "cards and PINs to begin with", "staff account",
    "web_admin/desk/limits.py::may_type", f"{_DESK}::test_cards_that_open_nothing_are_few_at_one_desk",
    timedelta(days=1),
)
DESK_UNPROVED = Limit(
    "desk_unproved", 12, "of them, not proved", "staff account", "web_admin/desk/limits.py::may_type",
    f"{_ALONE}::test_hits_count_for_all_workers_and_the_manager_is_notified_of_a_guard_who_guesses",
    timedelta(hours=1),
)
DESK_UNPROVED_DAILY = Limit(
    "desk_unproved_daily", 30, "of them, not proved", "staff account",
    "web_admin/desk/limits.py::may_type", f"{_DESK}::test_cards_that_open_nothing_are_few_at_one_desk",
    timedelta(days=1),
)
DESK_PIN = Limit(
    "desk_pin", 5, "wrong PINs", "staff account", "web_admin/desk/limits.py::may_type_pin",
    f"{_DESK}::test_wrong_pins_are_slowed_at_this_desk_and_lock_no_resident_out", TEN_MINUTES,
)
DESK_PIN_DAILY = Limit(
    "desk_pin_daily", 20, "wrong PINs", "staff account", "web_admin/desk/limits.py::may_type_pin",
    f"{_DESK}::test_pins_of_a_home_are_few_a_day_at_one_desk", timedelta(days=1),
)
LOST_CARDS = Limit(
    "lost_cards", 10, "homes or cards looked for", "staff account",
    "web_admin/desk/lost_cards.py::_count_look",
    f"{_LOST}::test_looks_have_an_end_and_the_manager_answers_the_alarm", TEN_MINUTES,
)
LOST_CARDS_DAILY = Limit(
    "lost_cards_daily", 40, "homes or cards looked for", "staff account",
    "web_admin/desk/lost_cards.py::_count_look",
    f"{_LOST}::test_looks_have_an_end_and_the_manager_answers_the_alarm", timedelta(days=1),
)
MESSAGE_CODES = Limit(
    "message_codes", 10, "codes sent", "resident", "web_admin/resident/messages.py::may_send_code",
    f"{_MESSAGES}::test_ten_codes_an_hour_are_sent_to_one_person", timedelta(hours=1),
)
COMPARISONS = Limit(
    "comparisons", 12, "acts of which is worked out what they change for many people",
    "staff account or API key", "web_admin/web/comparison_turns.py::turn_to_compare",
    "tests/web_admin/manage/test_comparison_turns.py::"
    "test_an_account_that_has_too_many_acts_compared_waits_and_keeps_its_form", timedelta(minutes=1),
)

CALLS_OF_GATE = Limit(
    "calls_of_gate", 60, "calls begun", "gate", "web_admin/calls/reports.py::_may_call",
    "tests/web_admin/calls/test_reports.py::test_one_gate_calls_so_many_homes_and_no_more", TEN_MINUTES,
)
CALLS_TO_HOME = Limit(
    "calls_to_home", 6, "calls begun that the home did not open to", "gate and number that was typed there",
    "web_admin/calls/reports.py::_may_call",
    "tests/web_admin/calls/test_reports.py::test_a_prankster_wears_out_and_not_the_home", TEN_MINUTES,
)
CALLS_TO_HOME_AT_SITE = Limit(
    "calls_to_home_at_site", 10, "calls begun that the home did not open to", "number, at all gates",
    "web_admin/calls/reports.py::_may_call",
    "tests/web_admin/calls/test_reports.py::test_a_prankster_at_many_gates_wears_out_too", TEN_MINUTES,
)
CALL_SIDES = Limit(
    "call_sides", 100, "times its sound and picture begin", "call and account that answered",
    "web_admin/calls/media.py::may_give_side",
    "tests/web_admin/resident/test_call_media.py::test_sound_that_begins_without_end_is_refused", TEN_MINUTES,
)
CALL_TESTS = Limit(
    "call_tests", 3, "tests that let something ring", "resident", "web_admin/calls/numbers.py::may_test",
    "tests/web_admin/resident/test_calls.py::test_phones_alone_are_tested_three_times_a_day_too",
    timedelta(days=1),
)
PROOFS_OF_NUMBER = Limit(
    "proofs_of_number", 3, "calls that prove it", "telephone, from all homes and gates together",
    "web_admin/calls/telephone_tasks.py::_count_proof",
    f"{_PROOFS}::test_one_telephone_is_called_three_times_a_day_at_most", timedelta(days=1),
)
PROOFS_UNANSWERED = Limit(
    "proofs_unanswered", 2, "of these calls that no one answered",
    "telephone, from all homes and gates together",
    "web_admin/calls/telephone_tasks.py::count_rings",
    f"{_PROOFS}::test_a_telephone_that_no_one_answered_twice_is_left_alone_for_a_week", timedelta(days=7),
)
ASKED_CALLS_OF_GATE = Limit(
    "asked_calls_of_gate", 100, "proofs and own tests of telephones to make", "gate",
    "web_admin/calls/made_calls.py::_may_make",
    f"{_PROOFS}::test_a_gate_is_given_so_many_proofs_and_monthly_tests_a_day", timedelta(days=1),
)
MONTHLY_TESTS_OF_GATE = Limit(
    "monthly_tests_of_gate", 30, "monthly test calls to make", "gate",
    "web_admin/calls/made_calls.py::_may_make",
    f"{_PROOFS}::test_a_gate_is_given_so_many_proofs_and_monthly_tests_a_day", timedelta(days=1),
)

COUNTED = (
    SIGN_IN_PAIR, SIGN_IN_ADDRESS, SIGN_IN_ACCOUNT, SIGN_IN_KNOWN, SIGN_IN_CODES, PAIRING_CODES, API_CALLS,
    API_WRONG_KEYS, API_UNKNOWN_CARDS, DESK_TYPED, DESK_TYPED_DAILY,
    DESK_UNPROVED, DESK_UNPROVED_DAILY, DESK_PIN, DESK_PIN_DAILY, LOST_CARDS, LOST_CARDS_DAILY, MESSAGE_CODES,
    COMPARISONS, CALLS_OF_GATE, CALLS_TO_HOME, CALLS_TO_HOME_AT_SITE, CALL_SIDES, CALL_TESTS,
    PROOFS_OF_NUMBER, PROOFS_UNANSWERED, ASKED_CALLS_OF_GATE, MONTHLY_TESTS_OF_GATE,
)
"""Those that are counted in the database."""

CONSTANTS = (
    Limit(
        "numbers_of_gate", 30, "homes whose telephone numbers it gets, or three times the calls of its usual "
        "busiest day", "gate, in 24 hours", "web_admin/calls/allowance.py::HOMES_A_DAY",
        "tests/web_admin/calls/test_allowance.py::test_a_gate_gets_the_numbers_of_so_many_homes_a_day",
    ),
    Limit(
        "telephone_proofs", 3, "calls that prove a number", "resident and day",
        "web_admin/calls/telephone_tasks.py::PROOFS_A_DAY",
        "tests/web_admin/calls/test_telephone_tasks.py::test_three_proofs_a_day_are_called_for_one_person",
    ),
    Limit(
        "form_body", 2 * 1024 * 1024, "bytes", "request to a page or to the interface",
        "web_admin/web/limits.py::MAX_FORM_BYTES",
        f"{_UPLOADS}::test_any_other_form_says_what_this_server_takes",
    ),
    Limit(
        "bulk_people", 500, "people", "act on several people", "web_admin/people/bulk_rules.py::MOST",
        "tests/web_admin/people/test_bulk_actions.py::test_no_one_and_too_many_are_refused_with_a_sentence",
    ),
    Limit(
        "gates_like", 1000, "gates", "list of gates like one", "web_admin/gates/gates_like.py::MOST_GATES",
        "tests/web_admin/manage/test_gates_like.py::test_a_list_as_a_whole_is_refused_beside_it",
    ),
    Limit(
        "gates_like_list", 50_000, "characters", "list of gates like one",
        "web_admin/manage/gates_like.py::MAX_LIST_CHARS",
        "tests/web_admin/manage/test_gates_like.py::test_a_list_as_a_whole_is_refused_beside_it",
    ),
    Limit(
        "sheet_body", 8 * 1024 * 1024, "bytes", "request that brings a sheet of people",
        "web_admin/manage/people_import.py::MAX_REQUEST_BYTES",
        f"{_UPLOADS}::test_a_body_that_says_its_size_is_refused_before_any_of_it_is_read",
    ),
    Limit(
        "logo_body", 128 * 1024, "bytes", "request that brings a logo",
        "web_admin/manage/settings.py::MAX_LOGO_REQUEST_BYTES",
        f"{_UPLOADS}::test_a_streamed_body_is_read_to_the_limit_and_not_kept_in_memory",
    ),
    Limit(
        "json_body", 64 * 1024, "bytes", "JSON of a page, a phone or another system",
        "web_admin/web/request_bodies.py::MAX_JSON_BYTES",
        f"{_HOSTILE}::test_the_interface_says_what_is_wrong_with_the_json",
    ),
    Limit(
        "json_depth", 8, "levels", "JSON of a page, a phone or another system",
        "web_admin/web/request_bodies.py::MAX_JSON_DEPTH",
        f"{_HOSTILE}::test_the_interface_says_what_is_wrong_with_the_json",
    ),
    Limit(
        "workbook_unpacked", 24 * 1024 * 1024, "bytes", "workbook, unpacked",
        "web_admin/core/workbook.py::MAX_UNPACKED_BYTES",
        f"{_SHEETS}::test_a_workbook_that_unpacks_to_more_than_it_may_is_not_unpacked",
    ),
    Limit(
        "sealed_unpacked", 100, "bytes for each of the file's, beyond 64 MiB", "backup, archive of a cell",
        "web_admin/operations/backup.py::UNPACKED_TIMES",
        "tests/web_admin/operations/test_backup.py::test_a_small_file_that_unpacks_to_a_large_one_is_refused",
    ),
    Limit(
        "workbook_marks", 2_000_000, "ends of elements and attributes", "workbook",
        "web_admin/core/workbook.py::MAX_MARKS",
        f"{_SHEETS}::test_elements_and_attributes_are_counted_however_they_are_packed",
    ),
    Limit(
        "workbook_marks_beside", 50_000, "ends of elements and attributes outside rows", "workbook",
        "web_admin/core/workbook.py::MAX_MARKS_BESIDE",
        f"{_SHEETS}::test_what_is_beside_the_rows_may_not_cost_a_second",
    ),
    Limit(
        "plan_body", 1024 * 1024, "bytes", "request that brings a drawing of the compound",
        "web_admin/manage/gate_map.py::MAX_PLAN_REQUEST_BYTES",
        "tests/web_admin/manage/test_gate_map.py::test_a_file_of_thirty_megabytes_gets_the_sentence_beside_its_field",
    ),
    Limit(
        "logo_depth", 40, "shapes within each other", "drawing", "web_admin/settings/drawing.py::MAX_DEPTH",
        "tests/web_admin/settings/test_logo.py::test_a_file_with_anything_but_shapes_is_refused",
    ),
    Limit(
        "streams", 32, "open streams of live pages", "process",
        "web_admin/web/live_watch.py::STREAMS_AT_MOST",
        "tests/web_admin/web/test_live_watch.py"
        "::test_one_more_stream_than_there_are_places_is_refused_and_other_pages_are_served",
    ),
    Limit(
        "call_streams", 200, "open streams of residents' pages", "process",
        "web_admin/web/live_watch.py::CALL_STREAMS_AT_MOST",
        "tests/web_admin/resident/test_call_stream.py::test_one_more_page_than_there_are_places_asks_instead",
    ),
    Limit(
        "staff_session", 12 * 3600, "seconds", "sign-in of staff",
        "web_admin/accounts/sessions.py::LONGEST_SESSION",
        f"{_SESSIONS}::test_a_session_ends_by_its_time_though_its_cookie_was_kept",
    ),
    Limit(
        "remembered_phone", 365 * 86400, "seconds", "sign-in of a resident",
        "web_admin/accounts/sessions.py::REMEMBERED_FOR",
        f"{_SESSIONS}::test_a_session_ends_by_its_time_though_its_cookie_was_kept",
    ),
    Limit(
        "message_code_tries", 5, "tries", "code that was sent to a resident's address",
        "web_admin/messages/subscriptions.py::MAX_TRIES",
        f"{_MESSAGES}::test_five_wrong_codes_or_half_an_hour_end_a_code",
    ),
    Limit(
        "message_codes_a_day", 5, "codes sent", "resident, and address, in 24 hours",
        "web_admin/messages/subscription_actions.py::CODES_A_DAY",
        f"{_MESSAGES}::test_one_person_has_five_codes_sent_a_day_to_any_address",
    ),
    Limit(
        "set_aside", 50_000, "entries that were set aside", "gate",
        "web_admin/events/quarantine.py::MAX_OF_A_GATE",
        f"{_NOT_TRUSTED}::test_a_thief_does_not_fill_the_disk",
    ),
    Limit(
        "set_aside_alarms", 20, "open alarms of one kind from such entries", "gate",
        "web_admin/events/quarantine.py::MAX_RINGING",
        "tests/web_admin/events/test_entry_reading.py::"
        "test_an_open_alarm_silences_no_later_one_until_many_ring",
    ),
    Limit(
        "request_ahead", 2**24, "numbers ahead of the newest", "request of a gate",
        "web_admin/sync/requests.py::MAX_AHEAD",
        f"{_NOT_TRUSTED}::test_a_counter_that_jumps_far_ahead_cuts_the_honest_gate_off_from_nothing",
    ),
    Limit(
        "gate_asks", 20, "questions a second that are answered, after 100 at once", "gate and process",
        "web_admin/gates/ask_bounds.py::ASKS_A_SECOND",
        "tests/web_admin/gates/test_ask_bounds.py::test_a_gate_that_asks_all_the_time_is_slowed_alone",
    ),
    Limit(
        "counts_kept", 200_000, "rows", "server; those that are forgotten soonest go first",
        "web_admin/core/limit_counts.py::MAX_COUNTS_KEPT",
        f"{_THROTTLE}::test_names_without_end_do_not_fill_the_database",
    ),
)
"""Those that bound what `of` names, one at a time: a constant has the value, a row repeats it."""

_CONNECTIONS = "tests/web_admin/serving/test_connection_limits.py"
_STALLED = "tests/served/test_stalled_connections.py"
_BOUNDED = "tests/served/test_connections_are_bounded.py"
_CLOSED = f"{_STALLED}::test_requests_that_do_not_come_to_an_end_are_closed_with_a_sentence"


def _of_connections(name: str, most: int, unit: str, of: str, test: str) -> Limit:
    shown_by = test if "::" in test else f"{_CONNECTIONS}::{test}"
    return Limit(name.lower(), most, unit, of, f"web_admin/serving/connection_limits.py::{name}", shown_by)


CONNECTIONS = (
    _of_connections("HEAD_SECONDS", 10, "seconds", "head of a request", _CLOSED),
    _of_connections("BODY_SECONDS", 20, "seconds, and one for each 8 KB", "body of a request", _CLOSED),
    _of_connections("ANSWER_SECONDS", 30, "seconds, and one for each 8 KB", "answer that is taken",
                    "test_a_trickle_is_late_and_a_slow_uplink_is_not"),
    _of_connections("STALLED_ANSWER_SECONDS", 300, "seconds without progress", "answer after a start",
                    "test_an_answer_that_a_proxy_took_ahead_has_some_minutes_and_no_hour"),
    _of_connections("CONNECTIONS", 2000, "connections", "process",
                    "test_connections_fit_into_the_open_files_that_are_allowed"),
    _of_connections("CONNECTIONS_OF_AN_ADDRESS", 100, "connections",
                    "address and process, where no proxy is in front",
                    f"{_BOUNDED}::test_one_address_has_no_more_connections_than_its_share"),
    _of_connections("BODIES_OF_A_CLIENT", 50, "bodies under way", "client and process",
                    "test_the_oldest_unfinished_body_of_a_client_makes_room_for_its_newest"),
    _of_connections("QUEUED_REQUESTS", 500, "requests of pages that wait for a thread", "process",
                    "test_a_request_beyond_those_that_may_wait_is_refused_at_once"),
    _of_connections("QUEUED_OF_GATES", 1500, "requests of gates that wait for a thread", "process",
                    "test_a_request_beyond_those_that_may_wait_is_refused_at_once"),
    _of_connections("HEAD_BYTES", 32 * 1024, "bytes", "head of a request",
                    f"{_BOUNDED}::test_a_head_beyond_its_bytes_is_refused"),
    _of_connections("BODY_BYTES_IN_MEMORY", 16 * 1024, "bytes in memory", "body",
                    "test_a_small_body_is_in_memory_alone_and_a_larger_one_is_counted"),
    _of_connections("BODY_BYTES_IN_FILES", 64 * 1024 * 1024, "bytes in files",
                    "process, once for pages and once for gates",
                    "test_where_no_room_is_left_a_gate_is_answered_in_its_own_form"),
    _of_connections("PAGE_BYTES_OF_A_CLIENT", 16 * 1024 * 1024, "bytes of bodies",
                    "client of pages and process",
                    "test_no_client_has_all_the_room_for_bodies_and_what_ends_is_given_back"),
    _of_connections("SYNC_BYTES_OF_A_CLIENT", 16 * 1024 * 1024, "bytes of bodies",
                    "gates' client and process",
                    "test_one_client_of_the_gates_paths_leaves_three_quarters_to_others"),
    _of_connections("TOMBSTONES_BYTES_IN_FILES", 48 * 1024 * 1024, "bytes in files",
                    "process, for tombstones",
                    "test_tombstones_have_room_for_one_body_and_take_none_from_events"),
    _of_connections("PAGE_BODY_BYTES", 8 * 1024 * 1024, "bytes", "body to a page or to the interface",
                    "test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept"),
    _of_connections("SYNC_BODY_BYTES", 2 * 1024 * 1024, "bytes", "body on a gates' path",
                    "test_a_body_that_is_larger_than_events_is_kept_on_the_path_of_tombstones_alone"),
    _of_connections("TOMBSTONES_BODY_BYTES", 48 * 1024 * 1024, "bytes", "body of tombstones",
                    "test_a_body_that_is_larger_than_events_is_kept_on_the_path_of_tombstones_alone"),
    _of_connections("DRAINED_BYTES", 64 * 1024 * 1024, "bytes read of a body that is too large", "request",
                    "test_a_body_that_is_too_large_is_read_to_its_end_and_not_kept"),
    Limit("chunk_line", 1024, "bytes", "line between two chunks",
          "web_admin/serving/request_intake.py::LONGEST_CHUNK_LINE",
          f"{_CONNECTIONS}::test_an_endless_line_between_chunks_ends_the_request"),
)
# fmt: on
"""Those of connections: how long a client may take, and how much it may leave lying at one process."""

LIMITS = COUNTED + CONSTANTS + CONNECTIONS


def markdown_row(limit: Limit) -> str:
    """Return a limit's line of docs/limits.md."""
    within = f"{limit.window_seconds} s" if limit.window is not None else "–"
    cells = (
        f"`{limit.name}`",
        f"{limit.most:,} {limit.unit}",
        limit.of,
        within,
    )
    return "| " + " | ".join(cells) + " |"
