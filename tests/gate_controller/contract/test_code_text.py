"""The text of a code survives the way from screen to scanner."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.passes import PersonalCode, make_online_code, parse_code


def test_every_code_is_read_whatever_its_first_letter_and_with_a_scanners_line_end() -> None:
    key = Ed25519PrivateKey.generate()
    ids = [f"{first:02x}" + "0" * 14 for first in range(256)]
    texts = [make_online_code(key, "site", credential_id, 1) for credential_id in ids]
    codes = [parse_code(text + "\r\n") for text in texts]
    assert [text for text in texts if text.startswith(" ")]
    assert [code.credential_id for code in codes if isinstance(code, PersonalCode)] == ids
