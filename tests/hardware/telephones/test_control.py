"""The bytes between the gate and its telephone program, in any pieces, and bytes that are none of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import DeviceRefused
from hardware.telephones.control import MAX_MESSAGE_BYTES, NetstringReader, netstring

TRACED = (
    b'206:{"event":true,"type":"CALL_LOCAL_SDP","class":"other","accountaor":"sip:a@127.0.0.1:25060",'
    b'"direction":"outgoing","peeruri":"sip:b@127.0.0.1:25070;transport=udp","remoteaudiodir":"sendrecv",'
    b'"param":"offer"},81:{"response":true,"ok":true,"data":"call id: ab77a595a56c9cc5\\n","token":"dial-1"},'
    b'257:{"event":true,"type":"CALL_RINGING","class":"call","accountaor":"sip:a@127.0.0.1:25060",'
    b'"direction":"outgoing","peeruri":"sip:b@127.0.0.1:25070;transport=udp","id":"ab77a595a56c9cc5",'
    b'"remoteaudiodir":"sendrecv","param":"sip:b@127.0.0.1:25070;transport=udp"},'
)
"""As baresip 1.1.0 wrote it."""
OBJECTS = st.dictionaries(st.text(max_size=9), st.one_of(st.text(max_size=30), st.integers(), st.booleans()))


def test_the_bytes_of_the_real_program_are_read() -> None:
    _sdp, answer, rings = NetstringReader().take(TRACED)
    assert (answer["ok"], answer["data"], answer["token"]) == (True, "call id: ab77a595a56c9cc5\n", "dial-1")
    assert (rings["type"], rings["id"]) == ("CALL_RINGING", "ab77a595a56c9cc5")


def test_letters_that_are_not_utf_8_spoil_no_message() -> None:
    """baresip writes the reason of the other side as it came (traced: 486 in Latin-1)."""
    body = b'{"event":true,"type":"CALL_CLOSED","id":"ab","param":"486 Occup\xe9"}'
    (closed,) = NetstringReader().take(b"%d:%s," % (len(body), body))
    assert (closed["type"], closed["id"], str(closed["param"])[:9]) == ("CALL_CLOSED", "ab", "486 Occup")


@given(st.lists(OBJECTS, max_size=5), st.lists(st.integers(1, 40), max_size=60))
def test_messages_arrive_whole_in_whatever_pieces_their_bytes_come(objects, sizes) -> None:
    reader, rest, read = NetstringReader(), b"".join(netstring(one) for one in objects), []
    for size in sizes:
        piece, rest = rest[:size], rest[size:]
        read += reader.take(piece)
    read += reader.take(rest)
    assert read == [json.loads(json.dumps(one)) for one in objects]


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n", b"5:{},", b"2:{};", b"3:[1],", b"-1:", b"999999:", b"4:\xff\xff\xff\xff,", b":,"],
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(DeviceRefused):
        list(NetstringReader().take(data + b" " * 10))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else_or_are_held_without_end(data: bytes) -> None:
    reader = NetstringReader()
    try:
        for _ in range(3):
            list(reader.take(data))
    except DeviceRefused:
        return
    assert len(reader._held) <= MAX_MESSAGE_BYTES
