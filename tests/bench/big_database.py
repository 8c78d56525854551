"""Ten thousand people, a million events and what comes with them, put in by the database itself.

The rows go through the schema that the server makes. Names are Chinese, so that sorting them costs what it
costs; alarms, passes, the ledger and requests are those of years, so that no list is short.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import Home
from web_admin.core.database import current_menjin

HOMES, PEOPLE, STAFF, EVENTS = 2_500, 10_000, 120, 1_000_000
ALARMS, PASSES, LEDGER, REQUESTS = 20_000, 40_000, 100_000, 2_000
SECONDS_BETWEEN_EVENTS = 2

WAYS = """
CASE WHEN i % 20 = 0 THEN 'pin' WHEN i % 3 = 0 THEN 'qr' ELSE 'card' END
"""
REASON = "CASE WHEN i % 5000 = 0 THEN 'clock_unsure' WHEN i % 20 = 0 THEN 'pin_wrong' ELSE 'granted' END"
NAME = (
    "substr('王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗', i % 20 + 1, 1)"
    " || substr('伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平', i / 20 % 20 + 1, 1)"
    " || substr('国建文志晓海春玉红金永光东新小天思雨子佳', i / 400 % 20 + 1, 1)"
)


def _numbers(count: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT"  # noqa: S608 - our own number


def _mine(share: int) -> str:
    """Give one row in so many to the person whose own pages are measured."""
    return f"CASE WHEN i % {share} = 0 THEN :person ELSE 'bench-' || (i * 79 % {PEOPLE} + 1) END"


PERSON = (
    "INSERT INTO person (person_id, site_id, home_id, display_name, kind, age_band, language, methods,"
    " suspended, slow_pass, may_override, created_at) "
)
SEED = (
    PERSON
    + _numbers(PEOPLE)
    + " 'bench-' || i, :site, 'bench-home-' || (i % {homes} + 1), "
    + NAME
    + ", 'resident', 'adult', 'zh',"
    " '[\"card\"]', {no}, {no}, {no}, {now} FROM n",
    PERSON + _numbers(STAFF) + " 'bench-staff-' || i, :site, NULL, " + NAME + ", 'staff', 'adult', 'zh',"
    " '[\"card\"]', {no}, {no}, {no}, {now} FROM n",
    "INSERT INTO grant_row (grant_id, person_id, lanes) "
    + _numbers(PEOPLE)
    + ' \'bench-\' || i, \'bench-\' || i, \'["north-in", "north-out", "east-in", "east-out"]\' FROM n',
    "INSERT INTO credential (credential_id, person_id, kind, state, label, duress, created_at) "
    + _numbers(PEOPLE)
    + " 'bench-' || i, 'bench-' || i, 'card', 'active', '', {no}, {now} FROM n",
    "INSERT INTO gate_event (gate_id, journal_id, seq, at, kind, lane_id, person_id, method, reason, facts,"
    " personal, salt, personal_digest, previous, digest, received_at) "
    + _numbers(EVENTS + 1)
    + " CASE WHEN i % 2 = 0 THEN 'north' ELSE 'east' END, 'bench', {events} - i, {at}, 'access',"
    " CASE WHEN i % 2 = 0 THEN 'north-in' ELSE 'east-in' END, "
    + _mine(1000)
    + ", "
    + WAYS
    + ", "
    + REASON
    + ', CAST(\'{{"method": "\' || '
    + WAYS
    + ' || \'", "reason": "\' || '
    + REASON
    + " || '\", \"opens\": ' || CASE WHEN i % 20 = 0 THEN 'false' ELSE 'true' END || '}}'"
    " AS {json}),"
    " '{{}}', {blob}, {blob}, {blob}, {blob}, {now} FROM n",
    "INSERT INTO policy_record (gate_id, key, value, digest, version) "
    + _numbers(2 * PEOPLE)
    + " 'north', CASE WHEN i % 2 = 0 THEN 'person:' ELSE 'credential:' END || 'bench-' || i, {blob},"
    " {blob}, 1 FROM n",
    "INSERT INTO alarm (alarm_id, site_id, gate_id, lane_id, kind, detail, raised_at, acknowledged_at,"
    " acknowledged_by) " + _numbers(ALARMS) + " 'bench-' || i, :site, 'north', 'north-in',"
    " CASE WHEN i % 7 = 0 THEN 'alarm_door_forced' ELSE 'alarm_door_held' END, '', {long_ago},"
    " CASE WHEN i > 60 THEN {now} END, CASE WHEN i > 60 THEN 'staff-2' END FROM n",
    "INSERT INTO visitor_pass (pass_id, site_id, issuer_person_id, label, gate_numbers, valid_from,"
    " valid_until, uses, text, created_at) "
    + _numbers(PASSES)
    + " 'bench-' || i, :site, CASE WHEN i % 50 > 0 THEN "
    + _mine(400)
    + " END, '快递', '[1]',"
    " {long_ago}, {long_ago}, 0, 'bench', {long_ago} FROM n",
    "INSERT INTO visitor_use (gate_id, journal_id, seq, shown_id, lane_id, at) "
    + _numbers(PASSES)
    + " 'north', 'bench', i, 'bench-' || i, 'north-in', {long_ago} FROM n",
    "INSERT INTO audit_entry (site_id, seq, at, kind, person_id, facts, personal, salt, personal_digest,"
    " previous, digest) "
    + _numbers(LEDGER)
    + " :site, 2000000 - i, {long_ago}, CASE WHEN i % 4 = 0 THEN 'named_lookup' ELSE 'card_issued' END, "
    + _mine(1000)
    + ', \'{{"role": "manager", "actor_id": "staff-1"}}\', \'{{"reason": "失物"}}\','
    " {blob}, {blob}, {blob}, {blob} FROM n",
    "UPDATE ledger_end SET seq = 2000000 WHERE site_id = :site",
    "INSERT INTO rights_request (request_id, site_id, person_id, kind, text, channel, filed_at,"
    " acknowledge_by, answer_by, answer, further, late, closed_at, outcome) "
    + _numbers(REQUESTS)
    + " 'bench-' || i, :site, "
    + _mine(400)
    + ", 'access', '', 'phone', {long_ago}, {long_ago}, {long_ago},"
    " '', '', '', CASE WHEN i > 80 THEN {now} END, CASE WHEN i > 80 THEN 'answered' END FROM n",
    "ANALYZE",
)
WORDS = {
    "sqlite": {
        "at": "datetime(:now, '-' || (i * {seconds}) || ' seconds') || '.000000'",
        "long_ago": "datetime(:now, '-' || (i * 1777) || ' seconds') || '.000000'",
        "now": "datetime(:now) || '.000000'",
        "blob": "x'00'",
        "no": "0",
        "json": "text",
    },
    "postgresql": {
        "at": "CAST(:now AS timestamptz) - i * interval '{seconds} seconds'",
        "long_ago": "CAST(:now AS timestamptz) - i * interval '1777 seconds'",
        "now": "CAST(:now AS timestamptz)",
        "blob": "'\\x00'::bytea",
        "no": "false",
        "json": "json",
    },
}


def fill(compound: ManagedCompound, kind: str, person_id: str) -> None:
    """Fill a managed compound's database of this kind; much of it belongs to the person."""
    words = dict(WORDS[kind])
    words["at"] = words["at"].format(seconds=SECONDS_BETWEEN_EVENTS)
    given = {
        "site": compound.site_id,
        "person": person_id,
        "now": compound.clock().strftime("%Y-%m-%d %H:%M:%S+00:00"),
    }
    with compound.app.app_context(), current_menjin().database.session() as session:
        _fill(session, words, given)


def _fill(session: Session, words: dict[str, str], given: dict[str, str]) -> None:
    session.add_all(
        Home(
            home_id=f"bench-home-{i}",
            site_id=given["site"],
            pin_salt=b"s",
            number=f"{9 + i // 300}-{i % 300 // 10 + 1:02}{i % 10 + 1:02}",
        )
        for i in range(1, HOMES + 1)
    )
    session.flush()
    connection = session.connection()
    for statement in SEED:
        ready = statement.format(events=EVENTS + 1, homes=HOMES, **words)
        named = {name: value for name, value in given.items() if f":{name}" in ready}
        connection.execute(text(ready), named)
