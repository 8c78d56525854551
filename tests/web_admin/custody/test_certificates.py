"""Certificates of forgetting: what they say when, that every changed field is named, and the command."""

import base64
import copy
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.audit.main import run
from gate_controller.contract.forgetting_certificate import (
    CertificateBroken,
    ForgettingCertificate,
    check_certificate,
    read_certificate,
    seals_of,
    sign_certificate,
)
from gate_controller.contract.forgetting_in_words import in_words
from gate_controller.contract.messages import RECEIPT_DOMAIN
from gate_controller.contract.signing import public_bytes, sign
from tests.support.acting import ALL_METHODS, pair
from tests.support.compounds.forgetting import Forgotten
from web_admin.compound.keys import certificate, open_root_key, private_key, replace_working_keys
from web_admin.compound.models import Gate
from web_admin.custody.certificates import NothingForgotten, certificate_statement
from web_admin.custody.shares import take_receipt
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.gates.actions import save_lane
from web_admin.gates.orders import mark_gate
from web_admin.gates.rules import LaneSpec


@pytest.fixture
def forgotten(database, tmp_path, now):
    return Forgotten(database, tmp_path / "secrets", now)


@pytest.fixture
def finished(forgotten):
    """The first person withdrew; both gates handed receipts in, the key was changed."""
    withdraw(forgotten)
    forgotten.later(seconds=3)
    forgotten.hand_in("north")
    forgotten.hand_in("south", blob_found=False)
    forgotten.later(minutes=5)
    forgotten.rotate()
    return forgotten


def withdraw(forgotten):
    with forgotten.phone() as (act, person_id):
        withdraw_face(act, person_id)


@pytest.mark.wide
def test_without_an_ending_there_is_no_certificate(forgotten):
    with forgotten.database.session() as session, pytest.raises(NothingForgotten):
        certificate_statement(session, forgotten.consent_of(), forgotten.now)


def test_what_is_open_is_listed_until_each_line_is_true(forgotten):
    withdraw(forgotten)
    [key] = [key.key_id for key in forgotten.certificate().statement.wrapping_keys]
    assert forgotten.certificate().statement.open == ("gate:north", "gate:south", f"wrapping_key:{key}")
    forgotten.later(seconds=3)
    forgotten.hand_in("north")
    assert forgotten.certificate().statement.open == ("gate:south", f"wrapping_key:{key}")
    forgotten.rotate()
    statement = forgotten.certificate().statement
    assert (statement.state, statement.open) == ("in_progress", ("gate:south",))
    forgotten.later(hours=72)
    assert forgotten.certificate().statement.state == "in_progress", "an answer may have been under way"
    forgotten.later(minutes=10)
    late = forgotten.certificate()
    assert (late.statement.state, late.statement.open) == ("complete", ())
    words = "\n".join(in_words(check_certificate(late), "menjin gate key"))
    assert "gate north: receipt signed" in words
    assert "gate south: no receipt; lease expired" in words
    forgotten.hand_in("south", blob_found=True)
    assert forgotten.certificate().statement.gates[1].receipt.blob_found, "a late receipt still counts"


def test_a_gate_that_was_stolen_counts_by_its_lease_alone(forgotten):
    with forgotten.act() as act:
        mark_gate(act, "south", "stolen")
    statement = forgotten.certificate().statement
    assert [(gate.gate_id, gate.why) for gate in statement.gates] == [("south", "gate_stolen")]
    assert statement.consent.ended_at is None, "the other gate goes on"
    forgotten.later(hours=73)
    forgotten.rotate()
    assert forgotten.certificate().statement.state == "complete"


def test_a_receipt_from_before_the_face_was_given_again_does_not_count(forgotten):
    withdraw(forgotten)
    first = forgotten.consent_of()
    forgotten.hand_in("north")
    forgotten.later(minutes=1)
    with forgotten.phone() as (act, person_id):
        give_face_consent(act, person_id, 2, "en")
    withdraw(forgotten)
    assert forgotten.consent_of() != first
    assert [gate.receipt for gate in forgotten.certificate().statement.gates] == [None, None]


def face_at_north(forgotten, methods):
    with forgotten.act() as act:
        save_lane(act, "north", LaneSpec("north-in", "In", "in", methods))


def test_a_receipt_of_an_earlier_ending_under_the_same_consent_does_not_count(forgotten):
    face_at_north(forgotten, ALL_METHODS[:3])
    forgotten.later(seconds=3)
    forgotten.hand_in("north")
    forgotten.later(hours=1)
    face_at_north(forgotten, ALL_METHODS)
    withdraw(forgotten)
    assert forgotten.certificate().statement.gates[0].receipt is None
    forgotten.later(seconds=3)
    forgotten.hand_in("north", journal_seq=8)
    assert forgotten.certificate().statement.gates[0].receipt.journal_seq == 8


def test_a_receipt_counts_though_the_gates_clock_was_put_back_since_the_one_before(forgotten):
    face_at_north(forgotten, ALL_METHODS[:3])
    forgotten.hand_in("north", forgotten_at=forgotten.now + timedelta(days=400))
    face_at_north(forgotten, ALL_METHODS)
    forgotten.later(hours=1)
    withdraw(forgotten)
    forgotten.hand_in("north", journal_seq=8)
    forgotten.hand_in("north", forgotten_at=forgotten.now - timedelta(days=1), journal_seq=6)
    assert forgotten.certificate().statement.gates[0].receipt.journal_seq == 8


def test_a_receipt_counts_though_the_gate_lost_its_journal_since_the_one_before(forgotten):
    face_at_north(forgotten, ALL_METHODS[:3])
    forgotten.hand_in("north", journal_seq=900)
    face_at_north(forgotten, ALL_METHODS)
    forgotten.later(hours=1)
    withdraw(forgotten)
    forgotten.hand_in("north", journal_seq=2)
    assert forgotten.certificate().statement.gates[0].receipt.journal_seq == 2


def test_the_receipt_of_the_controller_that_had_the_face_counts_and_no_others_takes_its_place(forgotten):
    withdraw(forgotten)
    of_the_old = forgotten.receipt("north")
    with forgotten.act() as act:
        forgotten.keys["north"] = pair(act, "north")
    with forgotten.database.session() as session:
        assert take_receipt(session, session.get_one(Gate, "north"), of_the_old, forgotten.now)
    forgotten.hand_in("north", journal_seq=99, blob_found=False)
    made = forgotten.certificate()
    assert made.statement.gates[0].receipt.blob_found
    check_certificate(made)


@pytest.mark.parametrize("days", [900, -900])
def test_a_receipt_of_an_impossible_time_is_remarked_upon(forgotten, days):
    withdraw(forgotten)
    forgotten.hand_in("north", forgotten_at=forgotten.now + timedelta(days=days))
    forgotten.hand_in("south")
    words = in_words(check_certificate(forgotten.certificate()), "menjin gate key")
    remarks = [line for line in words if "clock was wrong" in line]
    assert [remark.partition(":")[0] for remark in remarks] == ["gate north"]


def test_a_lease_that_ended_by_the_servers_clock_alone_is_dated_by_a_right_one(forgotten, tmp_path, capsys):
    withdraw(forgotten)
    right_clock = forgotten.now
    forgotten.later(hours=73)
    forgotten.rotate()
    path = tmp_path / "early.json"
    path.write_bytes(msgspec.json.encode(forgotten.certificate()))
    assert run(["certificate", str(path), "--complete"], lambda: right_clock) == 1
    assert "NOT YET by this machine's clock" in capsys.readouterr().out
    assert run(["certificate", str(path), "--complete"], lambda: forgotten.now) == 0


def test_a_finished_certificate_verifies_also_after_the_working_keys_changed(finished):
    made = finished.certificate()
    assert made.statement.state == "complete"
    finished.later(minutes=1)
    with finished.database.session() as session:
        site = finished.site()
        root = open_root_key(finished.root_pem, "a long passphrase", site)
        replace_working_keys(session, finished.sealer, site, root, finished.now)
    assert check_certificate(made, finished.root_public_key).pinned
    assert check_certificate(finished.certificate(), finished.root_public_key).pinned


def test_a_certificate_holds_ids_and_no_name(finished):
    body = msgspec.json.encode(finished.certificate())
    assert b"Lin " not in body, "with the blank, which no base64 has"
    assert len(body) < 8000


def leaves(value, path=()):
    """Give the path to every single value of a JSON document."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


OTHER = {
    str: lambda text: ("x" if text[:1] != "x" else "y") + text[1:],
    bool: lambda flag: not flag,
    int: lambda number: number + 1,
    list: lambda _empty: ["gate:north"],
    type(None): lambda _none: "2026-01-01T00:00:00Z",
}


def changed(document, path):
    """Return the document with one value changed; times move by a year, so that they stay times."""
    changed_document = copy.deepcopy(document)
    inner = changed_document
    for key in path[:-1]:
        inner = inner[key]
    value = inner[path[-1]]
    is_time = isinstance(value, str) and value[:3] == "202"
    inner[path[-1]] = "2031" + value[4:] if is_time else OTHER[type(value)](value)
    return changed_document


def named(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def test_every_field_that_is_changed_is_refused_by_its_name(finished):
    document = msgspec.json.decode(msgspec.json.encode(finished.certificate()))
    paths = [path for path in leaves(document["statement"]) if path != ("state",)]
    assert len(paths) > 45
    for path in paths:
        broken = msgspec.json.encode(changed(document, ("statement", *path)))
        with pytest.raises(CertificateBroken) as refused:
            check_certificate(read_certificate(broken))
        assert refused.value.field == named(path)
    document["statement"]["state"] = "in_progress"
    with pytest.raises(CertificateBroken, match=r"^state: "):
        check_certificate(read_certificate(msgspec.json.encode(document)))


def test_changed_seals_signatures_and_keys_are_refused(finished):
    document = msgspec.json.decode(msgspec.json.encode(finished.certificate()))
    for path in (("signature",), ("seals", "state"), ("seals", "gates[0].receipt.blob_found")):
        with pytest.raises(CertificateBroken) as refused:
            check_certificate(read_certificate(msgspec.json.encode(changed(document, path))))
        assert refused.value.field == "signature"
    certificate = base64.b64decode(document["certificate"]["certificate"])
    document["certificate"]["certificate"] = base64.b64encode(certificate.replace(b"2026", b"2027")).decode()
    with pytest.raises(CertificateBroken, match=r"^certificate: "):
        check_certificate(read_certificate(msgspec.json.encode(document)))


def test_a_field_changed_together_with_its_seal_fails_at_the_signature(finished):
    made = finished.certificate()
    statement = msgspec.structs.replace(made.statement, made_at=made.statement.made_at.replace(year=2031))
    forged = msgspec.structs.replace(made, statement=statement, seals=seals_of(statement))
    with pytest.raises(CertificateBroken, match=r"^signature: "):
        check_certificate(forged)


def test_a_receipt_signed_by_another_gate_is_refused_though_the_site_signed_it(finished):
    made = finished.certificate()
    north, south = made.statement.gates
    mixed = msgspec.structs.replace(north, receipt=south.receipt)
    statement = msgspec.structs.replace(made.statement, gates=(mixed, south))
    with pytest.raises(CertificateBroken, match=r"^gates\[0\].receipt.signature: "):
        check_certificate(resigned(finished, statement))


def invented_by_the_server(finished):
    """Return a complete certificate whose receipt of the north gate the server made up."""
    own = Ed25519PrivateKey.generate()
    made = finished.certificate()
    north, south = made.statement.gates
    signature = sign(own, RECEIPT_DOMAIN, base64.b64decode(north.receipt.body))
    receipt = msgspec.structs.replace(north.receipt, signature=base64.b64encode(signature).decode())
    forged = msgspec.structs.replace(north, public_key=public_bytes(own).hex(), receipt=receipt)
    return resigned(finished, msgspec.structs.replace(made.statement, gates=(forged, south)))


def test_a_receipt_that_the_server_made_up_is_found_by_the_gates_own_key(finished, tmp_path, capsys):
    forged = invented_by_the_server(finished)
    root = finished.root_public_key
    keys = {name: public_bytes(finished.keys[name]) for name in ("north", "south")}
    assert check_certificate(finished.certificate(), root, keys).pinned_gates == {"north", "south"}
    with pytest.raises(CertificateBroken, match=r"^gates\[0\].public_key: "):
        check_certificate(forged, root, keys)
    words = in_words(check_certificate(forged, root, {"south": keys["south"]}), "menjin gate key")
    alone = [line.partition(":")[0] for line in words if "by the server's word alone" in line]
    assert alone == ["gate north"]
    path = tmp_path / "certificate.json"
    path.write_bytes(msgspec.json.encode(forged))
    command = ["certificate", str(path), "--root-key", root.hex()]
    assert run(command) == 0
    assert "gate north: its key is" in capsys.readouterr().out
    assert run([*command, "--gate-key", f"north={keys['north'].hex()}"]) == 1
    assert "BROKEN: gates[0].public_key" in capsys.readouterr().out
    assert run([*command, "--gate-key", f"south={keys['south'].hex()}"]) == 0
    assert run([*command, "--gate-key", "north=1234"]) == 2
    assert run([*command, "--gate-key", f"west={keys['north'].hex()}"]) == 2
    assert "the certificate is about no gate west" in capsys.readouterr().err


def test_a_site_that_calls_an_open_certificate_complete_is_refused(forgotten):
    withdraw(forgotten)
    made = forgotten.certificate()
    with pytest.raises(CertificateBroken, match=r"^state: "):
        check_certificate(resigned(forgotten, msgspec.structs.replace(made.statement, state="complete")))
    lied = msgspec.structs.replace(made.statement, state="complete", open=())
    with pytest.raises(CertificateBroken, match=r"^open: "):
        check_certificate(resigned(forgotten, lied))


def resigned(forgotten, statement) -> ForgettingCertificate:
    with forgotten.database.session() as session:
        key = private_key(session, forgotten.sealer, forgotten.site_id, "anchor")
        return sign_certificate(statement, key, certificate(session, forgotten.site_id, "anchor"))


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def saved(finished, tmp_path):
    path = tmp_path / "forgotten.json"
    path.write_bytes(msgspec.json.encode(finished.certificate()))
    return path


def test_the_command_says_each_line_in_words(finished, saved, capsys):
    assert run(["certificate", str(saved)]) == 0
    said = capsys.readouterr().out
    for words in (
        "ok: the certificate is genuine",
        "COMPLETE: face of person",
        "gate north: receipt signed",
        "a face was found and deleted",
        "gate south: receipt signed",
        "no face was there",
        "backups: shares of faces are never in them",
        "was destroyed",
        "not shown: that a gate was",
        "which is taken from this file",
    ):
        assert words in said
    root = finished.root_public_key.hex()
    assert run(["certificate", str(saved), "--root-key", root, "--json"]) == 0
    shown = msgspec.json.decode(capsys.readouterr().out)
    assert (shown["ok"], shown["state"], shown["root_key_given"]) == (True, "complete", True)


def test_another_root_key_or_a_changed_file_ends_with_one_and_names_the_field(saved, tmp_path, capsys):
    stranger = tmp_path / "root.hex"
    stranger.write_text(public_bytes(Ed25519PrivateKey.generate()).hex() + "\n")
    assert run(["certificate", str(saved), "--root-key", str(stranger)]) == 1
    assert "BROKEN: certificate: the root key did not certify this key" in capsys.readouterr().out
    saved.write_bytes(saved.read_bytes().replace(b'"blob_found":true', b'"blob_found":false'))
    assert run(["certificate", str(saved)]) == 1
    assert "BROKEN: gates[0].receipt.blob_found: was changed" in capsys.readouterr().out
    assert run(["certificate", str(saved), "--json"]) == 1
    assert msgspec.json.decode(capsys.readouterr().out)["field"] == "gates[0].receipt.blob_found"


def test_an_open_certificate_is_genuine_and_not_complete(forgotten, tmp_path, capsys):
    withdraw(forgotten)
    path = tmp_path / "open.json"
    path.write_bytes(msgspec.json.encode(forgotten.certificate()))
    assert run(["certificate", str(path)]) == 0
    said = capsys.readouterr().out
    assert "IN PROGRESS" in said
    assert said.count("OPEN") == 3
    assert run(["certificate", str(path), "--complete"]) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"statement": 1}', b"\xff"])
def test_what_is_no_certificate_ends_with_two(content, tmp_path, capsys):
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    assert run(["certificate", str(path)]) == 2
    assert "no certificate of forgetting" in capsys.readouterr().err


def test_a_missing_file_or_an_odd_key_ends_with_two(saved, tmp_path, capsys):
    assert run(["certificate", str(tmp_path / "missing.json")]) == 2
    assert run(["certificate", str(saved), "--root-key", "not a key"]) == 2
    assert "--root-key not a key" in capsys.readouterr().err
