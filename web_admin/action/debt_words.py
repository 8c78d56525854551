"""Recognise a column or field that speaks of debt: none is taken, for access follows no debt.

China's Supreme People's Court, typical cases of 2025-12-08, and article 944(3) of the Civil Code: a property
manager may not cut gate cards, unit doors or lifts to collect fees.
"""

import re

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

ENGLISH = (
    "arrear arrears balance bill billing bills debt debtor debts due dues fee fees invoice invoices "
    "outstanding overdue owed owes owing paid payment payments unpaid"
)
CHINESE = "欠 费 缴 逾期 余额 账单 帐单 催收 债 滞纳"

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def speaks_of_debt(name: str) -> bool:
    """Return whether the name of a column or field speaks of what a person owes or has paid."""
    words = {word.lower() for word in _WORDS.findall(name)}
    return not words.isdisjoint(ENGLISH.split()) or any(sign in name for sign in CHINESE.split())


def why_refused(name: str) -> LazyString:
    """Return the sentence that refuses such a column or field and cites the rule."""
    return _(
        "“%(name)s” speaks of debt. Menjin takes no such column or field: access to a home may not be cut to "
        "collect fees (Supreme People's Court, 2025-12-08; Civil Code 944(3)). Leave it out.",
        name=name[:60],
    )
