"""Say in English what a certificate of forgetting states, and what it does not show."""

from collections.abc import Iterator
from datetime import datetime

from gate_controller.contract.forgetting_certificate import (
    CheckedCertificate,
    ConsentPart,
    GatePart,
    Statement,
    has_odd_time,
    key_id,
)


def in_words(checked: CheckedCertificate, key_command: str) -> list[str]:
    """Return what a certificate states, a line each, in English; `key_command` shows a gate's key there."""
    statement = checked.statement
    consent, made_at = statement.consent, statement.made_at
    ended = f"ended {_at(consent.ended_at)}" if consent.ended_at else "goes on at other gates"
    lines = [
        f"{'COMPLETE' if statement.state == 'complete' else 'IN PROGRESS'}: face of person "
        f"{consent.person_id} at {statement.site.name}, as of {_at(made_at)}",
        f"consent {consent.consent_id}, given {_at(consent.given_at)} to notice version "
        f"{consent.notice_version}, {ended}",
        f"written in the site's ledger as entry {statement.ledger.seq}",
    ]
    for gate in statement.gates:
        is_pinned = gate.gate_id in checked.pinned_gates
        lines.extend(_gate_in_words(gate, consent, made_at, None if is_pinned else key_command))
    if not statement.gates:
        lines.append("no gate had a share of this face, so no receipt is waited for")
    lines.extend(_backups_in_words(statement))
    lines.append(
        "not shown: that a gate was honest; that a key is its gate's own, where it was not given; what "
        "was read from a gate while it ran; old blocks of a disk"
    )
    lines.append(
        f"signed for the root key {statement.site.root_key_id}, "
        + ("which was given" if checked.pinned else "which is taken from this file: check it with --root-key")
    )
    return [on_one_line(line) for line in lines]


def on_one_line(text: str) -> str:
    """Return a text of a file as one line of a terminal: what is not to be seen is written as its number."""
    return "".join(letter if letter.isprintable() else f"\\u{{{ord(letter):x}}}" for letter in text)


def _gate_in_words(
    gate: GatePart, consent: ConsentPart, made_at: datetime, compare_by: str | None
) -> Iterator[str]:
    yield f"gate {gate.gate_id}: share destroyed {_at(gate.share_destroyed_at)} ({gate.why})"
    if gate.receipt is not None:
        found = "a face was found and deleted" if gate.receipt.blob_found else "no face was there"
        yield (
            f"gate {gate.gate_id}: receipt signed {_at(gate.receipt.forgotten_at)}, {found}, "
            f"entry {gate.receipt.journal_seq} of its journal"
        )
        of_key = f"gate {gate.gate_id}: its key is {key_id(bytes.fromhex(gate.public_key))}, "
        yield of_key + (
            "which was given"
            if compare_by is None
            else f"by the server's word alone: compare it with '{compare_by}' there, or give --gate-key"
        )
        if has_odd_time(gate.receipt, consent):
            yield (
                f"gate {gate.gate_id}: its clock was wrong: the receipt arrived "
                f"{_at(gate.receipt.received_at)}, and that time alone counts"
            )
    elif made_at >= gate.lease_ends_at:
        yield (
            f"gate {gate.gate_id}: no receipt; lease expired {_at(gate.lease_ends_at)} at the latest: what "
            "it may still keep cannot be opened by anyone"
        )
    else:
        yield f"gate {gate.gate_id}: OPEN: no receipt yet; its lease ends {_at(gate.lease_ends_at)}"


def _backups_in_words(statement: Statement) -> Iterator[str]:
    yield "backups: shares of faces are never in them, so none has to age out"
    for key in statement.wrapping_keys:
        if key.destroyed_at is None:
            yield f"copies of the database: OPEN: wrapping key {key.key_id} is not destroyed yet"
        else:
            yield (
                f"copies of the database: wrapping key {key.key_id}, which the share in them needs, was "
                f"destroyed {_at(key.destroyed_at)}"
            )


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
