"""Compounds that answer well, badly or with malice, each a real server: the head office goes on."""

import logging
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from head_office.asking.call import ask
from head_office.asking.rounds import Rounds, tls_context
from head_office.overview import MAX_BODY_BYTES, NotRead, read_overview, shown_text
from head_office.settings import Settings
from head_office.storage import Storage
from tests.support.clock import SetClock
from tests.support.head_office import KEY, add, answering, overview, whole_answer

CONTEXT = ssl.create_default_context()
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def asked_compound():
    with answering() as made:
        yield made


@pytest.fixture
def storage(tmp_path):
    made = Storage(tmp_path)
    yield made
    made.close()


def rounds_of(tmp_path, storage, *, within_seconds=20.0):
    clock = SetClock(datetime(2026, 11, 28, 12, tzinfo=UTC))
    return Rounds(tmp_path, Settings(), storage, clock, within_seconds=within_seconds), clock


def word_of(compound, within_seconds=20.0):
    """Return why an answer is none, "" for one that is."""
    try:
        read_overview(ask(compound.address, KEY, CONTEXT, within_seconds))
    except NotRead as err:
        return err.word
    return ""


def test_the_key_goes_to_the_one_route_and_nowhere_else(asked_compound):
    assert word_of(asked_compound) == ""
    [head] = asked_compound.heads
    assert head.startswith("GET /api/v1/overview HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in head


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("401 Unauthorized", "key_refused"),
        ("403 Forbidden", "key_has_no_scope"),
        ("404 Not Found", "no_overview"),
        ("429 Too Many Requests", "too_often"),
        ("418 Teapot", "nonsense"),
        ("503 Service Unavailable", "server_trouble"),
    ],
)
def test_a_status_says_what_is_wrong(asked_compound, status, word):
    asked_compound.says({}, status)
    assert word_of(asked_compound) == word


def test_a_redirect_gets_no_key(asked_compound):
    with answering() as elsewhere:
        asked_compound.says(b"", "302 Found", [f"Location: {elsewhere.address}/api/v1/overview"])
        assert word_of(asked_compound) == "redirect"
        assert elsewhere.heads == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"format": "menjin-overview-1"}',
        b"<html>hello</html>",
        msgspec.json.encode(overview(gates__total=-1)),
        msgspec.json.encode(overview(gates__total="4")),
        msgspec.json.encode(overview(site="x" * 5000)),
        msgspec.json.encode(overview(server="<b>")),
        msgspec.json.encode(overview(alarms=[{"kind": SCRIPT, "count": 1, "oldest_seconds": 1}])),
        msgspec.json.encode(overview(alarms=[{"kind": "a", "count": 1, "oldest_seconds": 1}] * 201)),
        msgspec.json.encode(overview(backup_age_seconds=10**30)),
    ],
)
def test_nonsense_is_no_answer(asked_compound, body):
    asked_compound.says(body)
    assert word_of(asked_compound) == "nonsense"


def test_another_format_is_another_version_and_a_newer_one_of_this_may_say_more(asked_compound):
    asked_compound.says(overview(format="menjin-overview-2"))
    assert word_of(asked_compound) == "other_format"
    asked_compound.says(overview(something_new={"a": 1}, gates__newer=3))
    assert word_of(asked_compound) == ""


def test_fifty_megabytes_are_refused_by_their_length_or_when_they_become_too_many(asked_compound):
    asked_compound.says(b" " * (50 << 20))
    assert word_of(asked_compound) == "too_large"
    sent = []

    def pour(line):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _part in range(800):
            line.sendall(b" " * 65536)
            sent.append(65536)

    asked_compound.speak = pour
    assert word_of(asked_compound) == "too_large"
    assert sum(sent) < 50 << 20, "the head office hung up before"
    assert MAX_BODY_BYTES < 1 << 20


def test_headers_without_end_are_cut(asked_compound):
    asked_compound.speak = lambda line: line.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000)
    assert word_of(asked_compound) == "nonsense"


def test_a_slow_drip_is_cut_although_bytes_keep_coming(asked_compound):
    never, cut = threading.Event(), threading.Event()

    def drip(line):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            for _byte in range(300):
                line.sendall(b" ")
                never.wait(0.05)
        except OSError:
            cut.set()

    asked_compound.speak = drip
    assert word_of(asked_compound, within_seconds=0.5) == "too_slow"
    assert cut.wait(60), "the connection was closed"


def test_an_answer_that_breaks_off_is_none(asked_compound):
    whole = whole_answer(msgspec.json.encode(overview()))
    asked_compound.speak = lambda line: line.sendall(whole[:-20])
    assert word_of(asked_compound) in ("no_connection", "nonsense")


def test_no_server_and_no_name_have_words_of_their_own():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = {}
    for name, address in {
        "no_connection": f"http://127.0.0.1:{port}",
        "no_such_name": "https://no-such-compound.invalid",
    }.items():
        with pytest.raises(NotRead) as refused:
            ask(address, KEY, CONTEXT)
        found[name] = refused.value.word
    assert found == {name: name for name in found}


def certificate(folder, address):
    """Write a certificate of its own signature for an address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a compound")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, SHA256())
    )
    file = folder / f"{address}.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(plain + made.public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("of", "trusted", "word"),
    [
        ("127.0.0.1", True, ""),
        ("127.0.0.1", False, "tls"),
        ("127.0.0.2", True, "tls"),
    ],
)
def test_a_key_is_sent_only_to_whose_certificate_fits(tmp_path, asked_compound, of, trusted, word):
    file = certificate(tmp_path, of)
    asked_compound.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asked_compound.tls.load_cert_chain(file)
    context = tls_context(Settings(ca_file=str(file) if trusted else ""))
    found = ""
    try:
        read_overview(ask(asked_compound.address.replace("http://", "https://"), KEY, context))
    except NotRead as err:
        found = err.word
    assert (found, len(asked_compound.heads)) == (word, int(not word))


def test_what_a_page_would_show_otherwise_is_taken_out_of_names():
    assert shown_text("a\u202eb\u200f\x00c\n") == "abc"
    assert shown_text(SCRIPT) == SCRIPT, "the page escapes it"


def test_since_when_there_is_none_is_kept_until_there_is_one_again(tmp_path, storage, asked_compound):
    add(tmp_path, "one", asked_compound.address)
    rounds, clock = rounds_of(tmp_path, storage)
    rounds.ask_all()
    asked_compound.says({}, "503 Service Unavailable")
    first = clock.now = clock() + timedelta(minutes=1)
    rounds.ask_all()
    clock.now = first + timedelta(hours=2)
    asked_compound.says(b"?")
    rounds.ask_all()
    [kept] = storage.answers().values()
    assert (kept.trouble, kept.trouble_since) == ("nonsense", first)
    assert kept.answered_at == first - timedelta(minutes=1)
    assert kept.body is not None and read_overview(kept.body).site == "湖畔花园"
    asked_compound.says(overview())
    rounds.ask_all()
    [kept] = storage.answers().values()
    assert (kept.trouble, kept.trouble_since, kept.answered_at) == ("", None, clock())


def test_an_answer_of_another_address_is_not_shown(tmp_path, storage, asked_compound):
    add(tmp_path, "one", asked_compound.address)
    rounds, _clock = rounds_of(tmp_path, storage)
    rounds.ask_all()
    with answering({}) as other:
        file = tmp_path / "compounds.toml"
        moved = file.read_text(encoding="utf-8").replace(asked_compound.address, other.address)
        file.write_text(moved, encoding="utf-8")
        rounds.ask_all()
        [(place, kept)] = storage.answers().items()
        assert (place, kept.body) == (("one", other.address), None)


def test_a_hostile_compound_delays_no_other(tmp_path, storage, asked_compound):
    with answering() as slow:
        slow.speak = lambda line: line.recv(1) and None
        add(tmp_path, "slow", slow.address)
        add(tmp_path, "good", asked_compound.address)
        rounds, _clock = rounds_of(tmp_path, storage, within_seconds=5)
        rounds.ask_all()
        found = {word: kept.trouble for (word, _address), kept in storage.answers().items()}
    assert found == {"slow": "too_slow", "good": ""}


def test_a_key_that_others_can_read_or_that_is_gone_is_not_used(tmp_path, storage, asked_compound, caplog):
    caplog.set_level(logging.INFO)
    add(tmp_path, "one", asked_compound.address)
    rounds, _clock = rounds_of(tmp_path, storage)
    key = tmp_path / "keys" / "one.key"
    key.chmod(0o644)
    rounds.ask_all()
    key.unlink()
    rounds.ask_all()
    [kept] = storage.answers().values()
    assert (kept.trouble, asked_compound.heads) == ("no_key", [])
    assert "no answer from one: no_key" in caplog.messages
    assert KEY not in caplog.text


def test_a_file_that_cannot_be_read_leaves_the_list_of_before(tmp_path, storage, asked_compound):
    add(tmp_path, "one", asked_compound.address)
    rounds, _clock = rounds_of(tmp_path, storage)
    assert rounds.read_file().trouble == ""
    (tmp_path / "compounds.toml").write_text("[one\n", encoding="utf-8")
    known = rounds.read_file()
    assert [one.word for one in known.compounds] == ["one"]
    assert "compounds.toml" in known.trouble
