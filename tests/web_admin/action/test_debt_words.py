"""Words of debt are recognised, in both languages and however it is written; the rest is not."""

import pytest

from web_admin.action.debt_words import speaks_of_debt
from web_admin.people_import.sheet import COLUMNS

ENGLISH = "arrears,Balance,overdue_days,Paid,unpaidSince,FEES,amountDue,outstanding-balance,DEBT,owes"
CHINESE = "欠费,物业费,是否缴费,逾期天数,余额,欠款"
OTHERS = "feel,balanced,residue,label,valid_until,slow_pass"


@pytest.mark.parametrize("name", f"{ENGLISH},{CHINESE}".split(","))
def test_a_name_that_speaks_of_debt_is_recognised(name: str) -> None:
    assert speaks_of_debt(name)


@pytest.mark.parametrize("name", [*COLUMNS, *OTHERS.split(",")])
def test_what_sheets_and_the_interface_use_speaks_of_none(name: str) -> None:
    assert not speaks_of_debt(name)
