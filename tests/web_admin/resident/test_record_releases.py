"""A signed record can be taken along, and checked by anyone."""

import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.audit.main import run
from gate_controller.contract.written_release import check_release, read_release
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Site
from web_admin.custody.models import Consent
from web_admin.face.consent_rules import set_consent_rules


def ask_for(compound: Compound, *, written: bool = False, both: bool = False) -> None:
    with compound.act() as act:
        set_consent_rules(act, written_release=written, both_guardians=both)


def consents(compound: Compound) -> list[Consent]:
    with compound.session() as session:
        return list(session.scalars(select(Consent)).all())


def test_what_was_signed_can_be_taken_along_and_checked_by_anyone(
    small_compound: Compound,
    phone: FlaskClient,
    neighbour: FlaskClient,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask_for(small_compound, written=True)
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en", signed_name="Lin Wei")
    (consent,) = consents(small_compound)
    assert "Signed: Lin Wei" in phone.get(f"/r/records/consents/{consent.consent_id}").text
    path = f"/r/records/releases/{consent.consent_id}.json"
    file = tmp_path / "signed.json"
    file.write_bytes(phone.get(path).data)
    with small_compound.session() as session:
        root = session.get_one(Site, small_compound.site_id).root_public_key
    check_release(read_release(file.read_bytes()), root)
    assert run(["release", str(file), "--root-key", root.hex()]) == 0
    said = capsys.readouterr().out
    assert "genuine" in said and "“Lin Wei”" in said and "which was given" in said
    assert "not shown: that the name is the typist's own" in said
    assert run(["release", str(file)]) == 0
    assert "by its own word" in capsys.readouterr().out
    assert run(["release", str(file), "--root-key", ""]) == 2
    assert "--root-key" in capsys.readouterr().err
    file.write_bytes(file.read_bytes().replace(b"Lin Wei", b"Lin Mei"))
    assert run(["release", str(file)]) == 1
    assert "BROKEN: signature" in capsys.readouterr().out
    file.write_bytes(b"{}")
    assert run(["release", str(file)]) == 2
    assert "no written release" in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe")
    for command in ("release", "certificate"):
        assert run([command, str(tmp_path / "pipe")]) == 2
        assert "no regular file" in capsys.readouterr().err
    assert neighbour.get(path).status_code == 404
    exported = phone.get("/r/records/export.json").json
    assert exported is not None and exported["consents"][0]["signed_name"] == "Lin Wei"
