"""A sheet read in, and the statements that it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from web_admin.action.base import Action
from web_admin.people_import.apply import ImportCounts, apply_people
from web_admin.people_import.check import SheetOptions, check_people

GOOD = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,林二,,\n,王三,员工,1002\n"


@contextmanager
def queries(act: Action) -> Iterator[list[str]]:
    """Collect every statement that reaches the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    engine = act.session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def read_in(act: Action, text: str, *, complete: bool = False) -> ImportCounts:
    plan = check_people(act, text.encode(), SheetOptions(is_complete=complete))
    assert plan.problems == ()
    return apply_people(act, plan)
