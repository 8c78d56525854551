"""A compound of stairs, and statements counted."""

from sqlalchemy import event

from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from web_admin.policy.publish import publish_policy


def add_stairs(session, sealer, site, now, gates):
    """Add gates and two homes of two people who may pass all of them; return the people."""
    for number in range(1, gates + 1):
        add_gate(session, sealer, site, f"stair-{number}", number, ["card"])
    lanes = [f"stair-{number}-in" for number in range(1, gates + 1)]
    people = []
    for name in ("1-1", "1-1", "1-2", "1-2"):
        home = people[-1].home if len(people) % 2 else add_home(session, site, name)
        people.append(add_person(session, site, home, lanes, now))
        people[-1].home = home
        add_card(session, sealer, people[-1], 100 + len(people), now)
    publish_policy(session, sealer, site, now)
    return people


def counted(database, change):
    """Return how many statements a change needs."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    with database.session() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        change(session)
        event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)
