"""The record of a review: signed over what was decided, chained, as a sheet, and checked by a command."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gate_controller.audit.main import run
from gate_controller.contract.forgetting_certificate import CertificateBroken
from gate_controller.contract.review_record import (
    ReviewRecord,
    SignedReview,
    check_review,
    counts_of,
    digest_of,
    read_review,
    sign_review,
)
from tests.support.compounds.access_reviews import URL, close_now
from tests.web_admin.access_review.reviewed import Compound, begin, of_kind, seen
from web_admin.access_review.actions import begin_round, keep, suspend
from web_admin.access_review.closing import as_file, close_round, sheet_of, signed_review, why_not_genuine
from web_admin.access_review.models import ReviewRound
from web_admin.access_review.queries import all_rows
from web_admin.access_review.rules import Kind
from web_admin.access_review.suspending import Stop
from web_admin.action.base import Action
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused


@pytest.fixture
def closed(compound: Compound) -> ReviewRound:
    of_round = begin(compound)
    keep(compound.act, *seen(of_kind(compound.act, of_round, Kind.CODE)))
    suspend(compound.act, *seen(of_kind(compound.act, of_round, Kind.HELPER)), Stop("asked"))
    return close_now(compound.act)


@pytest.fixture
def root(act: Action) -> bytes:
    return act.session.get_one(Site, act.site_id).root_public_key


def test_the_record_says_what_was_decided_by_whom_and_what_was_left(
    compound: Compound, closed: ReviewRound, root: bytes
) -> None:
    found = read_review(as_file(closed))
    check_review(found, root)
    assert counts_of(found.record) == {"keep": 1, "suspend": 1, "gone": 0, "unanswered": 10}
    [suspended] = [row for row in found.record.rows if row.decision == "suspend"]
    assert (suspended.kind, suspended.reason, suspended.decided_by) == (
        "helper",
        "asked",
        compound.act.actor_id,
    )
    assert "Wu Lan" not in as_file(closed).decode()
    assert why_not_genuine(closed, root) == ""


def test_a_review_without_rows_has_a_record_that_says_so(act: Action, root: bytes) -> None:
    of_round = begin_round(act, URL)
    assert all_rows(act.session, of_round.round_id) == []
    record = signed_review(close_round(act, of_round.round_id, 0)).record
    assert (record.rows, record.number) == ((), 1)
    check_review(signed_review(of_round), root)


def test_each_record_names_the_one_before(compound: Compound, closed: ReviewRound) -> None:
    begin_round(compound.act, URL)
    second = signed_review(close_now(compound.act)).record
    assert second.previous_sha256 == digest_of(signed_review(closed).record)
    assert second.number == 2


def test_a_round_is_not_closed_on_what_has_changed_since_the_page(compound: Compound) -> None:
    of_round = begin(compound)
    keep(compound.act, *seen(of_kind(compound.act, of_round, Kind.CODE)))
    with pytest.raises(ActionRefused, match="Now 11 rows have no answer"):
        close_round(compound.act, of_round.round_id, 12)
    close_round(compound.act, of_round.round_id, 11)
    with pytest.raises(ActionRefused, match="closed and signed"):
        close_round(compound.act, of_round.round_id, 11)


def changed(**parts: object) -> Callable[[ReviewRecord], ReviewRecord]:
    return lambda record: msgspec.structs.replace(record, **parts)


def decision_turned(record: ReviewRecord) -> ReviewRecord:
    rows = [
        msgspec.structs.replace(row, decision="keep") if row.decision == "suspend" else row
        for row in record.rows
    ]
    return msgspec.structs.replace(record, rows=tuple(rows))


@pytest.mark.parametrize(
    "change",
    [
        decision_turned,
        changed(closed_by="staff-9"),
        changed(previous_sha256="ab"),
        changed(csv_sha256="00"),
        lambda record: msgspec.structs.replace(record, rows=record.rows[:-1]),
    ],
)
def test_a_record_that_was_changed_is_not_genuine(
    closed: ReviewRound, root: bytes, change: Callable[[ReviewRecord], ReviewRecord]
) -> None:
    found = signed_review(closed)
    wrong = SignedReview(change(found.record), found.certificate, found.signature)
    with pytest.raises(CertificateBroken, match="signature"):
        check_review(wrong, root)


def test_a_suspension_without_a_decision_is_not_genuine_though_the_site_signed_it(
    act: Action, closed: ReviewRound, root: bytes
) -> None:
    record = signed_review(closed).record
    rows = [
        msgspec.structs.replace(row, decision="suspend") if row.decision == "unanswered" else row
        for row in record.rows
    ]
    key = private_key(act.session, act.sealer, act.site_id, "anchor")
    signed = sign_review(
        msgspec.structs.replace(record, rows=tuple(rows)),
        key,
        certificate(act.session, act.site_id, "anchor"),
    )
    with pytest.raises(CertificateBroken, match="does not fit who decided"):
        check_review(signed, root)


def test_a_stored_record_that_was_changed_shows(closed: ReviewRound, root: bytes) -> None:
    closed.body = str(closed.body).replace('"suspend"', '"keep"', 1)
    assert "signature" in why_not_genuine(closed, root)


def test_the_command_checks_file_and_sheet(
    closed: ReviewRound, root: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, sheet = tmp_path / "review.json", tmp_path / "review.csv"
    file.write_bytes(as_file(closed))
    sheet.write_bytes(sheet_of(signed_review(closed).record))
    key = ["--root-key", root.hex()]
    assert run(["access-review", str(file), *key, "--csv", str(sheet)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ok: the record is genuine\n")
    assert "12 rows: 1 kept, 1 suspended, 0 gone before, 10 without an answer" in said
    assert "reason asked" in said
    assert run(["access-review", str(file), *key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["unanswered"] == 10
    sheet.write_bytes(sheet.read_bytes().replace(b"suspend", b"keep"))
    assert run(["access-review", str(file), *key, "--csv", str(sheet)]) == 1
    assert "other rows than this record" in capsys.readouterr().out
    file.write_bytes(file.read_bytes().replace(b'"decision": "suspend"', b'"decision": "keep"'))
    assert run(["access-review", str(file), *key]) == 1
    assert "BROKEN" in capsys.readouterr().out
    file.write_bytes(b"{}")
    assert run(["access-review", str(file), *key]) == 2
    assert run(["access-review", str(tmp_path / "none"), *key]) == 2
    assert "no record of an access review" in capsys.readouterr().err


def test_the_sheet_is_the_one_whose_digest_was_signed(closed: ReviewRound) -> None:
    record = signed_review(closed).record
    assert hashlib.sha256(sheet_of(record)).hexdigest() == record.csv_sha256
    lines = sheet_of(record).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(record.rows)
    assert lines[0].startswith('"place","kind","id"')


def test_two_rounds_do_not_share_what_was_signed(
    compound: Compound, closed: ReviewRound, root: bytes
) -> None:
    begin_round(replace(compound.act, now=compound.act.now), URL)
    other = close_now(compound.act)
    closed.signature = other.signature
    assert "signature" in why_not_genuine(closed, root)
