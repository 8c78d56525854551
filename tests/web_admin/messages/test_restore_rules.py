"""Texts of messages, and which go out after a restore."""

from web_admin.journal.models import AuditEntry
from web_admin.messages.restore_rules import (
    ADDRESS_NAMED,
    ADDRESS_PROVED,
    ADDRESS_TAKEN_BACK,
    Link,
    is_ended,
    is_restored,
)
from web_admin.messages.texts import TROUBLES, trouble_text

OLD, NEW = "digest of the old address", "digest of the new one"
LINK = Link(seq=1, to=OLD)


def entry(
    seq: int, kind: str, *, confirmed: bool = False, since: int | None = None, to: str = ""
) -> AuditEntry:
    facts = ({"confirmed": True} if confirmed else {}) | ({"since": since} if since is not None else {})
    return AuditEntry(seq=seq, kind=kind, facts=facts, personal={"to": to} if to else None)


def test_a_link_works_while_nothing_came_after_the_change() -> None:
    assert not is_ended([entry(1, ADDRESS_NAMED), entry(2, ADDRESS_NAMED)], LINK)


def test_a_link_works_once() -> None:
    used = entry(3, ADDRESS_TAKEN_BACK, since=1, to=OLD)
    assert is_ended([entry(2, ADDRESS_NAMED), used], LINK)


def test_a_link_that_goes_back_less_far_than_a_used_one_is_ended_with_it() -> None:
    used = entry(5, ADDRESS_TAKEN_BACK, since=1, to=OLD)
    assert is_ended([used], Link(seq=3, to=NEW))
    assert not is_ended([entry(5, ADDRESS_TAKEN_BACK, since=3, to=NEW)], Link(seq=1, to=OLD))


def test_what_the_owner_confirms_after_a_restore_is_final() -> None:
    restored = entry(1, ADDRESS_TAKEN_BACK, since=0, to=OLD)
    confirmed = entry(2, ADDRESS_NAMED, confirmed=True)
    assert is_ended([restored, confirmed], LINK)
    assert not is_ended([restored, entry(2, ADDRESS_NAMED)], LINK), "nothing was confirmed"


def test_a_confirmed_change_before_any_restore_ends_no_link() -> None:
    assert not is_ended([entry(2, ADDRESS_NAMED, confirmed=True)], LINK)


def test_an_address_is_restored_until_a_code_proves_one_again() -> None:
    restored = entry(1, ADDRESS_TAKEN_BACK, since=0, to=OLD)
    assert is_restored([restored], OLD)
    assert not is_restored([restored], NEW)
    assert not is_restored([restored, entry(2, ADDRESS_PROVED)], OLD)


def test_every_trouble_has_words(compound):
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        words = (*TROUBLES, "http_500", "mail_refused_550")
        sentences = {word: trouble_text(word) for word in words}
    bare = [word for word, text in sentences.items() if word == text or not text.endswith((".", "right?"))]
    assert bare == []
