"""Promise 4: no table, message or action of the server has room for a picture or a face template.

A template of the default engine has 512 bytes. Does not cover: someone who hides bits in many names.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import LargeBinary, create_engine
from sqlalchemy import inspect as look_into

import gate_controller.contract.messages as contract
import web_admin
from gate_controller.contract import call_media, calls
from gate_controller.contract.journal_chain import Head
from gate_controller.contract.records import RECORD_TYPES
from gate_controller.contract.signing import KeyCertificate
from tests.support.compounds.tables import all_tables
from tests.support.source import tree_of

TEMPLATE_BYTES = 512
WEB_ADMIN = Path(web_admin.__file__).parent
SIGNED_BODIES = {
    ("SignedPolicyManifest", "manifest"): contract.PolicyManifest,
    ("SignedOrder", "order"): contract.OpenOrder,
    ("SignedCallOrder", "order"): calls.CallOrder,
    ("SignedReceipt", "receipt"): contract.ForgetReceipt,
    ("SignedCertificate", "certificate"): KeyCertificate,
    ("SignedHead", "head"): Head,
}
"""Bytes that a signature covers, and the strict struct into which they are decoded."""

BINARY_COLUMNS = {
    "Argon2id tag or card number, sealed": {
        "credential.secret_sealed",
        "emergency_code.secret_sealed",
        "print_slip.tag_sealed",
    },
    "an invitation or PIN that waits to be printed, sealed": {"print_slip.secret_sealed"},
    "a list of people to read in or to print, sealed until it is done": {"long_job.payload_sealed"},
    "a passkey's public id": {"passkey.credential_id"},
    "keys, sealed": {
        "site_key.private_key_sealed",
        "gate.card_key_sealed",
        "gate.pin_key_sealed",
        "webhook.signing_key_sealed",
        "webhook.old_signing_key_sealed",
        "wrap_key_copy.sealed",
    },
    "where a browser takes messages and its keys, as text, sealed": {"push_phone.subscription_sealed"},
    "a telephone's number or digits to be typed there, sealed": {
        "call_number.number_sealed",
        "telephone_task.code_sealed",
    },
    "half of a face's key, 32 bytes sealed": {"face_share.share_sealed"},
    "a struct that a signature covers": {
        "site_key.certificate",
        "receipt.receipt",
        "public_report.certificate",
        "access_review_round.certificate",
        "written_release.release",
    },
    "a policy record": {"policy_record.value", "handed_record.value"},
    "sums that the server adds up over its own records' digests": {"policy_sums.sums"},
    "an entry of a journal in the contract's own fields": {"set_aside_entry.body"},
    "a policy's manifest, signed by the server that was lost": {"gate_handover.manifest"},
}
FACE_WORDS = ("image", "photo", "picture", "template", "embedding", "frame", "landmark", "descriptor")
MESSAGES = [
    value
    for module in (contract, calls, call_media)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, contract.Message) and value is not contract.Message
    if value.__module__ == module.__name__
]


def byte_fields(kind: Any, where: str = "") -> Iterator[tuple[str, str, int | None]]:
    """Give (struct, field, most bytes) of every byte string that a type can carry, however deep."""
    info = kind if isinstance(kind, msgspec.inspect.Type) else msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.BytesType():
            yield (*where.split(".", 1), info.max_length)  # type: ignore[misc]
        case msgspec.inspect.StructType():
            for field in info.fields:
                yield from byte_fields(field.type, f"{info.cls.__name__}.{field.name}")
        case msgspec.inspect.UnionType():
            for part in info.types:
                yield from byte_fields(part, where)
        case msgspec.inspect.DictType():
            yield from byte_fields(info.value_type, where)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from byte_fields(info.item_type, where)


RECORDS_AS_THEY_ARE = {
    "PolicyChange.puts",  # from the server to a gate
    # Back to a restored server, which decodes each and holds them against its own signature.
    "HandoverPage.records",
    # Each is read as a `JournalEntry`; of what is none the server keeps the digest alone.
    "RawEventBatch.entries",
}
"""JSON that a message carries undecoded: policy records, whose own fields the test below bounds."""


def test_undecoded_json_is_policy_records_alone() -> None:
    found = {
        f"{message.__name__}.{field.name}"
        for message in MESSAGES
        for field in msgspec.inspect.type_info(message).fields  # type: ignore[attr-defined]
        if "RawType" in repr(field.type) and "StructType" not in repr(field.type)
    }
    assert found == RECORDS_AS_THEY_ARE


def texts_without_limit(kind: Any, where: str = "") -> Iterator[str]:
    """Give every text field of a type that could carry as much as anyone likes."""
    info = kind if isinstance(kind, msgspec.inspect.Type) else msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.StrType() if info.max_length is None:
            yield where
        case msgspec.inspect.StructType():
            for field in info.fields:
                yield from texts_without_limit(field.type, f"{info.cls.__name__}.{field.name}")
        case msgspec.inspect.UnionType():
            for part in info.types:
                yield from texts_without_limit(part, where)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from texts_without_limit(info.item_type, where)


@pytest.mark.parametrize("message", [*MESSAGES, *SIGNED_BODIES.values()])
def test_no_message_carries_512_free_bytes(message: type[msgspec.Struct]) -> None:
    too_wide = [
        (struct, field)
        for struct, field, most in byte_fields(message)
        if (most is None or most >= TEMPLATE_BYTES) and (struct, field) not in SIGNED_BODIES
    ]
    assert too_wide == []
    assert list(texts_without_limit(message)) == []


@pytest.mark.parametrize("message", [*MESSAGES, *SIGNED_BODIES.values()])
def test_no_message_takes_a_field_that_is_not_its_own(message: type[msgspec.Struct]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"face_template": "A" * 700}), type=message)
    assert message.__struct_config__.forbid_unknown_fields


@pytest.mark.parametrize("kind", sorted(RECORD_TYPES))
def test_no_policy_record_carries_512_free_bytes(kind: str) -> None:
    wide = [
        field for field in byte_fields(RECORD_TYPES[kind]) if field[2] is None or field[2] >= TEMPLATE_BYTES
    ]
    assert wide == []


def test_every_wide_binary_column_is_one_whose_contents_are_known() -> None:
    engine = create_engine("sqlite://")
    all_tables().create_all(engine)
    tables = look_into(engine).get_table_names()
    named = {
        f"{table}.{column['name']}"
        for table in tables
        for column in look_into(engine).get_columns(table)
        if isinstance(column["type"], LargeBinary)
    }
    short = {
        name
        for name in named
        if name.rpartition(".")[2].endswith(
            ("digest", "sha256", "key", "signature", "nonce", "salt", "lookup", "previous")
        )
    }
    assert named - short == set().union(*BINARY_COLUMNS.values())


def test_no_column_message_or_field_is_named_for_a_picture_or_template() -> None:
    columns = {column.name for table in all_tables().tables.values() for column in table.columns}
    fields = {name for message in MESSAGES for name in message.__struct_fields__}
    assert [name for name in columns | fields for word in FACE_WORDS if word in name] == []


def test_no_module_of_the_server_can_read_a_picture() -> None:
    imported = {
        name.split(".")[0]
        for path in WEB_ADMIN.rglob("*.py")
        for node in ast.walk(tree_of(path))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported & {"cv2", "numpy", "dlib", "face_recognition", "onnxruntime", "torch"} == set()


def test_no_page_lets_anyone_choose_or_take_a_picture() -> None:
    pages = "\n".join(
        path.read_text() for path in WEB_ADMIN.rglob("*") if path.suffix in {".html", ".js", ".mjs"}
    )
    assert pages
    assert [word for word in ("image/*", "capture=") if word in pages] == []
    # The one page of calls asks for the sound alone, and its header forbids it the camera.
    assert re.findall(r"getUserMedia.*", pages) == ["getUserMedia({ audio: CLEAR })).getTracks();"]
