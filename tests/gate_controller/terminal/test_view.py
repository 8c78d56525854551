import msgspec
import pytest

from gate_controller.contract.records import Method
from gate_controller.terminal.view import (
    CancelPressed,
    ConfirmPressed,
    DeclinePressed,
    ForgotCardPressed,
    HelpPressed,
    KeyTyped,
    LanguagePressed,
    MethodPressed,
    OwnFacePressed,
    Screen,
    SlowerPressed,
    TerminalAction,
    TerminalView,
    decode_action,
    encode_view,
)

ACTIONS = [
    KeyTyped("7"),
    KeyTyped("#"),
    KeyTyped("*"),
    KeyTyped("-"),
    MethodPressed(Method.FACE),
    ConfirmPressed(),
    DeclinePressed(),
    OwnFacePressed(),
    CancelPressed(),
    HelpPressed(),
    LanguagePressed("en"),
    SlowerPressed(),
    ForgotCardPressed(),
]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_survives_the_wire(action: TerminalAction) -> None:
    assert decode_action(msgspec.json.encode(action)) == action


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"act":"open"}',
        b'{"act":"key"}',
        b'{"act":"key","key":"12"}',
        b'{"act":"key","key":"a"}',
        b'{"act":"key","key":"1","lane":"north"}',
        b'{"act":"key","key":"1\\n"}',
        b'{"act":"method","method":"voice"}',
        b'{"act":"language","language":"../etc"}',
    ],
)
def test_anything_else_is_no_act(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_action(body)


def test_a_typed_key_is_not_in_its_repr() -> None:
    assert "7" not in repr(KeyTyped("7"))
    assert "7" not in f"{[KeyTyped('7')]}"


def test_a_view_is_one_line_with_only_the_number_of_dots() -> None:
    encoded = encode_view(TerminalView(screen=Screen.TYPING_PIN, typed_count=6))
    assert b"\n" not in encoded
    assert msgspec.json.decode(encoded, type=TerminalView).typed_count == 6


@pytest.mark.parametrize("methods", [(Method.FACE, Method.CARD), (Method.CARD, Method.CARD)])
def test_ways_in_out_of_their_fixed_order_are_refused(methods: tuple[Method, ...]) -> None:
    with pytest.raises(ValueError, match="in the order"):
        TerminalView(screen=Screen.IDLE, methods_offered=methods)
