"""State machine of the dialog about a face at a gate's screen: questions and presses. Pure.

no consent yet    NOTICE ── # ──> QUESTION ── 2 ──> CONFIRM ── own card or PIN ──┐
consent, no face          QUESTION ── 2 ──> CONFIRM ── own card or PIN ──────────┤
ages 14 to 17             GUARDIAN ── a guardian's own card or PIN ──> <─────────┤
no consent yet            OFFICE ── the consent came back ──> ENROL <────────────┘
another look      KEPT ── 2 ──> CONFIRM, as above
face kept here    KEPT ── 3 ──> taken back

A key means the same on every screen: 2 lets the camera look, 3 takes back, 1 is no and admits at once a
person who has shown their card or PIN. Any presentation of another person ends the dialog. A yes is never a
press alone: it is the person's own card or PIN again.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    FaceNoticeRecord,
    Method,
    PinCredential,
)
from gate_controller.rules.decision import Claim

NOTICE_ORDER = (
    "handler_name",
    "handler_contact",
    "purpose",
    "method",
    "retention",
    "necessity",
    "effect",
    "rights",
    "complaints",
)
"""The parts of a notice as they are shown; parts that a newer server adds follow by name."""
NO_KEY, YES_KEY, WITHDRAW_KEY, READ_ALOUD_KEY = "1", "2", "3", "0"
NEXT_KEY, BACK_KEY = "#", "*"
PAGE_WIDTH = 150
"""Letters on one page in large type; a Chinese character is as wide as two."""
SAME_SHOWING_SECONDS = 2.0
"""For how long a card held to the reader may be read again and mean nothing new."""
LET_IN_SECONDS = 300.0
"""How long after the own card or PIN a no still opens; the longest notice is read aloud in less."""
GUARDIAN_SECONDS = 60.0
OFFICE_SECONDS = 20.0

_SENTENCE = re.compile(r"[^。！？；.!?;\n]*[。！？；.!?;\n]*\s*")


class Step(StrEnum):
    """Where the asking is."""

    NOTICE = "notice"
    QUESTION = "question"
    CONFIRM = "confirm"
    GUARDIAN = "guardian"
    OFFICE = "office"
    ENROL = "enrol"
    KEPT = "kept"


ASKING_STEPS = frozenset({Step.NOTICE, Step.QUESTION, Step.CONFIRM, Step.GUARDIAN, Step.KEPT})


class Answer(StrEnum):
    """Result of a press or a showing."""

    NONE = "none"
    """The asking goes on, maybe at another step."""
    YES = "yes"
    NO = "no"
    LET_IN = "let_in"
    """Another way, without an answer: nothing is recorded but the passage."""
    WITHDRAW = "withdraw"
    OTHER = "other"
    """Another credential was presented: the dialog is over, and the presentation counts as usual."""


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One short screen of a notice; `field` names its heading."""

    field: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Dialog:
    """One person being asked at one lane; times are monotonic seconds. Never printed."""

    step: Step
    claim: Claim
    """The own card or PIN that began the dialog, decided again at its end."""
    shown_seconds: float
    home_number: str = ""
    consent_id: str | None = None
    guardian_ids: tuple[str, ...] = ()
    notice: FaceNoticeRecord | None = None
    pages: tuple[NoticePage, ...] = ()
    page: int = 0
    confirmed_seconds: float = 0.0
    confirmed_by: Method = Method.CARD
    confirmed_credential_id: str | None = None
    """The own card or PIN of the yes; the server judges whether it is known to others."""
    guardian_id: str | None = None
    guardian_credential_id: str | None = None

    @property
    def person_id(self) -> str:
        return self.claim.person_id or ""

    @property
    def takes_number(self) -> bool:
        """Return whether digits are of a PIN now."""
        return self.step in (Step.CONFIRM, Step.GUARDIAN)

    def may_let_in(self, now_seconds: float) -> bool:
        """Return whether the card or PIN shown at the beginning still opens."""
        return now_seconds - self.shown_seconds <= LET_IN_SECONDS


@dataclass(frozen=True, slots=True, repr=False)
class Admission:
    """The card or PIN that began a dialog that is over, to be decided again. Never printed.

    The message is for the screen of its grant.
    """

    claim: Claim
    home_number: str
    message: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class DialogShowing:
    """A showing that belongs to the dialog, with an admission where the dialog is over by it."""

    admission: Admission | None = None


def is_own(claim: Claim) -> bool:
    """Return whether this is a person's own live card or PIN, also for duress: no visitor's pass, no code."""
    credential = claim.credential
    return (
        isinstance(credential, CardCredential | PinCredential)
        and credential.state is CredentialState.ACTIVE
        and claim.refusal is None
        and claim.person_id is not None
    )


def with_notice(asking: Dialog, notice: FaceNoticeRecord) -> Dialog:
    return replace(asking, step=Step.NOTICE, notice=notice, pages=notice_pages(notice), page=0)


def pressed(asking: Dialog, key: str) -> tuple[Dialog, Answer]:
    """Return where a key leads; keys of a PIN are not for here."""
    no = Answer.NO if asking.consent_id is None else Answer.LET_IN
    if key == (BACK_KEY if asking.takes_number else NO_KEY) and asking.step in ASKING_STEPS:
        return asking, no
    if asking.step is Step.NOTICE:
        return _turned(asking, key), Answer.NONE
    if asking.step is Step.QUESTION and key == BACK_KEY and asking.pages:
        return replace(asking, step=Step.NOTICE), Answer.NONE
    if asking.step not in (Step.QUESTION, Step.KEPT):
        return asking, Answer.NONE
    if key == YES_KEY:
        return replace(asking, step=Step.CONFIRM), Answer.NONE
    if key == WITHDRAW_KEY and asking.consent_id is not None:
        return asking, Answer.WITHDRAW
    return asking, Answer.NONE


def _turned(asking: Dialog, key: str) -> Dialog:
    """Return the notice a page on or back; after the last page comes the question."""
    if key == NEXT_KEY and asking.page + 1 >= len(asking.pages):
        return replace(asking, step=Step.QUESTION)
    page = asking.page + {NEXT_KEY: 1, BACK_KEY: -1}.get(key, 0)
    return replace(asking, page=max(0, page))


def shown(asking: Dialog, claim: Claim, now_seconds: float, *, opens: bool) -> tuple[Dialog, Answer]:
    """Return the dialog after a presentation at this lane; `opens` is the rules' answer to it."""
    if not opens or not is_own(claim):
        return asking, Answer.OTHER
    if claim.person_id == asking.person_id:
        return _shown_again(asking, claim, now_seconds)
    in_time = now_seconds - asking.confirmed_seconds <= GUARDIAN_SECONDS
    if asking.step is Step.GUARDIAN and claim.person_id in asking.guardian_ids and in_time:
        by_guardian = replace(asking, guardian_id=claim.person_id, guardian_credential_id=claim.credential_id)
        return by_guardian, Answer.YES
    return asking, Answer.OTHER


def _shown_again(asking: Dialog, claim: Claim, now_seconds: float) -> tuple[Dialog, Answer]:
    if asking.step is Step.CONFIRM:
        said = replace(
            asking,
            confirmed_seconds=now_seconds,
            confirmed_by=claim.method,
            confirmed_credential_id=claim.credential_id,
        )
        if asking.guardian_ids:
            return replace(said, step=Step.GUARDIAN), Answer.NONE
        return said, Answer.YES
    is_same_showing = now_seconds - asking.shown_seconds <= SAME_SHOWING_SECONDS
    if is_same_showing or asking.step in (Step.GUARDIAN, Step.OFFICE, Step.ENROL):
        return asking, Answer.NONE
    return asking, Answer.LET_IN


def answer_entry(
    asking: Dialog, answer: str, notice: FaceNoticeRecord | None, lane_id: str, language: str
) -> tuple[Facts, Facts]:
    """Return the facts of an answer's entry and its personal part; `notice` is the text it was given on."""
    facts: Facts = {
        "lane_id": lane_id,
        "answer": answer,
        "notice_version": notice.version if notice is not None else 0,
        "notice_sha256": notice.sha256.hex() if notice is not None else "",
        "language": notice.language if notice is not None else language,
        "shown_by": (asking.confirmed_by if answer == "yes" else asking.claim.method).value,
    }
    personal: Facts = {"person_id": asking.person_id}
    if answer == "yes":
        personal = {**personal, "credential_id": asking.confirmed_credential_id}
    if asking.guardian_id is not None:
        personal = {
            **personal,
            "guardian_id": asking.guardian_id,
            "guardian_credential_id": asking.guardian_credential_id,
        }
    if asking.consent_id is not None:
        personal = {**personal, "consent_id": asking.consent_id}
    return facts, personal


# -- the notice, in short screens ------------------------------------------------------------------


def notice_pages(notice: FaceNoticeRecord) -> tuple[NoticePage, ...]:
    """Return a notice in its fixed order, nothing left out, each page short enough for large type."""
    known = [name for name in NOTICE_ORDER if name in notice.fields]
    others = sorted(set(notice.fields) - set(known))
    return tuple(
        NoticePage(name, text) for name in (*known, *others) for text in _short_texts(notice.fields[name])
    )


def _short_texts(text: str) -> list[str]:
    pages = [""]
    for sentence in _SENTENCE.findall(text):
        for part in _within_width(sentence):
            if pages[-1] and _width(pages[-1]) + _width(part) > PAGE_WIDTH:
                pages.append("")
            pages[-1] += part
    return [page.strip() for page in pages if page.strip()]


def _within_width(sentence: str) -> list[str]:
    """Return a sentence that is wider than a page in parts, cut at a blank where there is one."""
    parts = []
    while _width(sentence) > PAGE_WIDTH:
        end = next(i for i in range(len(sentence), 0, -1) if _width(sentence[:i]) <= PAGE_WIDTH)
        blank = sentence.rfind(" ", end // 2, end)
        end = blank + 1 if blank >= 0 else end
        parts.append(sentence[:end])
        sentence = sentence[end:]
    return [*parts, sentence]


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
