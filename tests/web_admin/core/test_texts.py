"""Texts in a language, kinds of messages, and sentences of refusals."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask_babel import lazy_gettext as _l

from web_admin.core.in_a_language import texts_in
from web_admin.core.refusal import ActionRefused, WorkRefused
from web_admin.core.texts import word

DOORS = {"held": _l("Held")}


def test_a_known_value_has_its_word() -> None:
    assert word(DOORS, "held") is DOORS["held"]


@pytest.mark.parametrize(
    ("stored", "said"),
    [("door_ajar", "door ajar"), ("alarm_door_ajar", "door ajar"), (None, "—"), ("", "—")],
)
def test_an_unknown_value_is_said_as_it_is_stored(stored: str | None, said: str) -> None:
    assert word(DOORS, stored) == said


@pytest.mark.parametrize(
    ("language", "text"), [("zh", "刷脸"), ("en", "Face"), ("tlh", "Face"), ("", "Face")]
)
def test_a_text_is_given_in_the_language_that_is_named(language, text):
    assert texts_in(language)("Face") == text


def test_two_languages_are_spoken_beside_each_other():
    chinese, english = texts_in("zh"), texts_in("en")
    assert (chinese("Face"), english("Face"), chinese("Face")) == ("刷脸", "Face", "刷脸")


def test_refused_work_has_its_values_filled_in_and_keeps_text_and_values():
    refused = WorkRefused("the folder %(folder)s is in use", folder="/srv/menjin")
    assert str(refused) == "the folder /srv/menjin is in use"
    assert (refused.text, refused.values) == ("the folder %(folder)s is in use", {"folder": "/srv/menjin"})


def test_a_text_without_values_may_have_a_per_cent_sign():
    assert str(WorkRefused("the disk is 98 % full")) == "the disk is 98 % full"


def test_a_refused_action_names_its_field_and_is_written_as_its_message():
    class Message:
        def __str__(self) -> str:
            return "Choose a lane."

    refused = ActionRefused("lanes", Message())
    assert (refused.field, str(refused)) == ("lanes", "Choose a lane.")


SERVER = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
import msgspec
from web_admin import create_app
from web_admin.core.config import WebConfig
from web_admin.core import message_types

class TypeOfAnotherPackage(msgspec.Struct):
    baud: set[list[int]] | list[set[str]]  # msgspec makes no decoder for it

root = Path(sys.argv[1])
keys = {name: os.urandom(32) for name in (
    "seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")}
create_app(
    WebConfig(public_url="https://a.example", database_url=f"sqlite:///{root}/m.sqlite3",
              data_dir=root, secrets_dir=root, **keys),
    clock=lambda: datetime.now(UTC),
)
print(*(f"{kind.__module__}.{kind.__qualname__}" for kind in message_types._learned))
"""
AT_THE_DOORS = {
    "gate_controller.contract.messages.PolicyManifest",
    "gate_controller.contract.messages.ForgetReceipt",
    "gate_controller.contract.signing.KeyCertificate",
    "gate_controller.contract.journal_chain.JournalEntry",
}


@pytest.mark.wide
def test_an_app_has_learned_its_message_types_before_a_request(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", SERVER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    learned = set(made.stdout.split())
    assert learned >= AT_THE_DOORS
    assert any(name.startswith("web_admin.privacy.report") for name in learned)
    assert not any("TypeOfAnotherPackage" in name for name in learned)
