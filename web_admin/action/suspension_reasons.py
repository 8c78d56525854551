"""Name the reasons for which a card, a way in or a person may be suspended: a closed list.

Each says who may give it, for how long at most, whether a second account confirms it, and the sentence that
its person reads. Money is none of them, and no text of one's own takes their place: no person is locked out
because of a debt (docs/promises.md, promise 11).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from web_admin.action.base import Action, checked_text
from web_admin.action.suspensions import Party, party_of
from web_admin.core.refusal import ActionRefused

LONGEST_ALONE = timedelta(days=7)
"""A whole person is suspended by one account for this long at most."""
AGAIN_AFTER = timedelta(days=30)
"""So long after such a suspension the same account cannot suspend the same person alone again."""
WAITS_FOR = timedelta(days=3)
"""How long a suspension waits for a second account."""


class SuspensionReason(StrEnum):
    LOST = "lost"
    DAMAGED = "damaged"
    RETURNED = "returned"
    ASKED = "asked"
    HOME = "home"
    MOVED_OUT = "moved_out"
    WORKS = "works"
    ORDER = "order"
    DANGER = "danger"
    RESTORED = "restored"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """The rules of a reason; `by` whom it is given, `key` being another system's.

    `longest` None: until a person ends it. Reasons without a giver are written by an upgrade or a restore.
    One that is neither of a person nor of a credential suspends nothing: it is for a lock-out (`lock_outs`).
    """

    word: LazyString
    sentence: LazyString
    by: frozenset[str]
    of_person: bool = False
    of_credential: bool = False
    longest: timedelta | None = None
    needs_second: bool = False
    needs_reference: bool = False


RULES: Mapping[SuspensionReason, ReasonRule] = {
    SuspensionReason.LOST: ReasonRule(
        _("Lost or stolen"),
        _("It was reported lost, stolen, or seen by another person."),
        frozenset({"owner", "guard", "office", "key"}),
        of_credential=True,
    ),
    SuspensionReason.DAMAGED: ReasonRule(
        _("Damaged"),
        _("It is damaged."),
        frozenset({"guard", "office", "key"}),
        of_credential=True,
    ),
    SuspensionReason.RETURNED: ReasonRule(
        _("Handed in"),
        _("It was handed in."),
        frozenset({"guard", "office", "key"}),
        of_credential=True,
    ),
    SuspensionReason.ASKED: ReasonRule(
        _("The person asked for it"),
        _("You asked for it. If you did not, end it here at once."),
        frozenset({"owner", "office"}),
        of_person=True,
        of_credential=True,
    ),
    SuspensionReason.HOME: ReasonRule(
        _("An adult of the home asked for it"),
        _("An adult of your home suspended it."),
        frozenset({"home"}),
        of_credential=True,
    ),
    SuspensionReason.MOVED_OUT: ReasonRule(
        _("Has moved out"),
        _("The property office has recorded that you moved out."),
        frozenset({"office"}),
        of_person=True,
    ),
    SuspensionReason.WORKS: ReasonRule(
        _("Gate being repaired or broken"),
        _("A gate is being repaired or is broken."),
        frozenset({"office"}),
    ),
    SuspensionReason.ORDER: ReasonRule(
        _("Order of a court or the police"),
        _("A court or the police ordered it."),
        frozenset({"office"}),
        of_person=True,
        longest=timedelta(days=183),
        needs_second=True,
        needs_reference=True,
    ),
    SuspensionReason.DANGER: ReasonRule(
        _("Danger to others"),
        _("The property office sees a danger to others."),
        frozenset({"office"}),
        of_person=True,
        longest=LONGEST_ALONE,
        needs_second=True,
    ),
    SuspensionReason.RESTORED: ReasonRule(
        _("Held back when the server was restored"),
        _("A gate refused it when the server was restored. The property office decides."),
        frozenset(),
        of_person=True,
        of_credential=True,
    ),
    SuspensionReason.OTHER: ReasonRule(
        _("Another reason, from before the upgrade"),
        _("The property office gave another reason before reasons were limited. It ends automatically."),
        frozenset(),
        of_person=True,
        of_credential=True,
        longest=LONGEST_ALONE,
    ),
}

OF_PERSONS = tuple(reason for reason, rule in RULES.items() if rule.of_person and "office" in rule.by)
OF_CREDENTIALS = tuple(reason for reason, rule in RULES.items() if rule.of_credential and "office" in rule.by)
"""For these the office may suspend or end a way in, the last one as well."""
OF_SHARED = (SuspensionReason.WORKS,)
"""For these an act on what people share (hours, lanes, schedules, holidays) may keep residents out."""
OF_GRANTS = (SuspensionReason.ASKED, SuspensionReason.MOVED_OUT)
"""For these an act on where and when one person may pass may keep them out."""
OF_NEW_ONES = (SuspensionReason.LOST, SuspensionReason.ASKED)
"""For these the office may make a new PIN or invitation where the old one was the last way in."""
OF_KEYS = tuple(reason for reason, rule in RULES.items() if "key" in rule.by)


@dataclass(frozen=True, slots=True, repr=False)
class Cause:
    """Why something is suspended, with the number of an order, and until when if it ends automatically."""

    reason: str
    reference: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckedCause:
    """A cause that the list allows; `party` is the one that may end it again."""

    reason: SuspensionReason
    reference: str | None
    until: datetime | None
    party: Party


def checked_cause(act: Action, cause: Cause, *, of_person: bool) -> CheckedCause:
    """Return a cause that this action's party may give; raise ActionRefused for any other."""
    rule = _rule_of(cause.reason)
    giver = "key" if act.channel == "api" else party_of(act)
    applies = rule.of_person if of_person else rule.of_credential
    if not applies or giver not in rule.by:
        raise ActionRefused("reason", NO_SUCH_REASON)
    if cause.until is not None and cause.until <= act.now:
        raise ActionRefused("until", _("This end is in the past. Choose a later one."))
    if rule.longest is not None and (cause.until is None or cause.until > act.now + rule.longest):
        raise ActionRefused(
            "until", _("For this reason choose an end within %(days)s days.", days=rule.longest.days)
        )
    reference = None
    if rule.needs_reference:
        if not cause.reference.strip():
            raise ActionRefused("reference", _("Type the number of the order."))
        reference = checked_text("reference", cause.reference)
    reason = SuspensionReason(cause.reason)
    party: Party = "owner" if reason is SuspensionReason.ASKED else party_of(act)
    return CheckedCause(reason, reference, cause.until, party)


NO_SUCH_REASON = _(
    "This is no reason to suspend a way in. Choose one of the list. A debt is none: it may not be "
    "collected by keeping people out of their homes."
)


def _rule_of(word: str) -> ReasonRule:
    try:
        return RULES[SuspensionReason(word)]
    except ValueError:
        raise ActionRefused("reason", NO_SUCH_REASON) from None


def waits_for_second(cause: CheckedCause, now: datetime) -> bool:
    """Return whether a second account has to confirm the suspension of a whole person before it holds."""
    too_long = cause.until is None or cause.until > now + LONGEST_ALONE
    return too_long or RULES[cause.reason].needs_second
