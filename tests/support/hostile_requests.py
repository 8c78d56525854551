"""Requests that no browser, gate or other system sends: what a stranger tries on any door."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from flask import Flask

_VARIABLE = re.compile(r"<(?:any\((?P<choice>[^)]*)\):|[^<>:]*:)?(?P<name>\w+)>")
DEEP = 5_000
JSON_TYPES = ("application/json", "application/json; charset=utf-16", "application/vnd.menjin+json")
JSON_BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "a list of objects": b'[{"id": "x"}]',
    "a number": b"1",
    "a text": b'"name"',
    "null": b"null",
    "a truth": b"true",
    "lists without end": b"[" * 100_000,
    "objects without end": b'{"a":' * 20_000,
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"id":' * DEEP + b"1" + b"}" * DEEP,
    "deep in a field": b'{"id": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a number of 5000 digits": b'{"id": ' + b"9" * 5000 + b"}",
    "a number of 300 digits": b'{"id": ' + b"9" * 300 + b"}",
    "too large an exponent": b'{"id": 1e99999}',
    "not a number": b'{"id": NaN}',
    "infinity": b'{"id": -Infinity}',
    "half of a pair of surrogates": b'{"id": "\\ud800"}',
    "halves the wrong way round": b'{"id": "\\udc00\\ud800"}',
    "NUL": b'{"id": "a\\u0000b"}',
    "NUL in a name": b'{"i\\u0000d": 1}',
    "NUL as a byte": b'{"id": "a\x00b"}',
    "a name twice": b'{"id": "a", "id": "b"}',
    "no UTF-8": b'{"id": "\xff\xfe"}',
    "a surrogate in UTF-8": b'{"id": "\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"id": "x"}',
    "UTF-16": '{"id": "x"}'.encode("utf-16"),
    "half of an object": b'{"id": ',
    "two objects": b'{"id": 1}{"id": 2}',
    "objects in every field": b'{"id": {}, "response": {}, "public_key": {}, "name": {}, "number": {}, '
    b'"type": [], "rawId": 1}',
    "too long": b'{"id": "' + b"x" * 300_000 + b'"}',
}

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data; boundary=b"


def _part(head: bytes, content: bytes = b"x") -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + content + b"\r\n--b--\r\n"


OTHER_BODIES: Mapping[str, tuple[str, bytes]] = {
    "a form with NUL": (_FORM, b"reason=a%00b&name=a%00b&note=%00&email=%00&password=%00&code=%00"),
    "a form with NUL in a name": (_FORM, b"%00=1"),
    "a form with half a pair": (_FORM, b"reason=%ED%A0%80&email=%ED%A0%80&password=%ED%A0%80"),
    "a form of no UTF-8": (_FORM, b"reason=%ff%fe&email=\xff"),
    "a form of thousands of fields": (_FORM, b"&".join(b"f%d=1" % n for n in range(3000))),
    "a form with a broken address": (_FORM, b"next=http://[x&url=http://[x&language=en"),
    "a form in UTF-7": (f"{_FORM}; charset=utf-7", b"a=+AAA-"),
    "parts without a boundary": ("multipart/form-data", b"--b\r\n\r\n"),
    "parts that do not end": (_MULTIPART, b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx"),
    "a part without a head": (_MULTIPART, b"--b\r\n\r\nx\r\n--b--\r\n"),
    "a part without a name": (_MULTIPART, _part(b"Content-Disposition: form-data")),
    "a part in no known charset": (
        _MULTIPART,
        _part(b"Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=x"),
    ),
    "a part with NUL": (_MULTIPART, _part(b"Content-Disposition: form-data; name=reason", b"a\x00b")),
    "a file in the place of a text": (
        _MULTIPART,
        _part(b'Content-Disposition: form-data; name="csrf_token"; filename="x"'),
    ),
    "a file with an odd name": (
        _MULTIPART,
        _part(b"Content-Disposition: form-data; name=file; filename*=utf-16''%00%ff; filename=\"../\x00\""),
    ),
    "thousands of parts": (_MULTIPART, b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 2000),
    "text that is JSON": ("text/plain", b'{"id": 1}'),
    "a type of no kind": ("/;=;", b"x"),
    "XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
}

QUERIES = (
    "%00",
    "a=%00",
    "page=%ff",
    "after=%ED%A0%80",
    "=&&=;",
    "next=//example.org",
    "next=http://[x",
    "next=%00",
    "q=%F0%9F%98%80",
    "day=9999999-99-99",
    "number=" + "9" * 400,
    "auth_token=%00",
    "auth_token=[]",
    "limit=1e9",
    "limit=" + "9" * 4301,
    "page=" + "9" * 4301,
    "days=" + "9" * 4301,
    "a=" + "x" * 6000,
)

ODD_HEADERS: tuple[Mapping[str, str], ...] = (
    {"Cookie": "menjin=\xff; menjin_remember=\xff"},
    {"Cookie": "menjin_remember=1|\xe9"},
    {"Cookie": "menjin=a.b.c; menjin_remember=1|\xe9"},
    {"Cookie": "menjin_remember=1|" + "0" * 128},
    {"Cookie": '=;;=,;"' + ";a" * 500},
    {"Host": ""},
    {"Host": "a b"},
    {"Host": "[::1"},
    {"Host": "\xe9xample"},
    {"Host": "example.org:99999999"},
    {"Host": "example.org:" + "9" * 4301},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer \xe9"},
    {"Authorization": "Basic \xff"},
    {"Authorization": "Basic " + "A" * 30},
    {"Authorization": 'Digest username="a'},
    {"Authentication-Token": "[" * 3000},
    {"Accept-Language": "en;q=NaN, zh;q=inf, *;q=-1,,;"},
    {"Accept": "application/json"},
    {"Accept": "/;q=x,\xff"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Origin": "http://a:b:c@d"},
    {"Referer": "http://[x/"},
    {"Range": "bytes=9-1,-,x-"},
    {"Range": "bytes=0-" + "9" * 4301},
    {"If-Modified-Since": "99 Xxx 99999 99:99:99 GMT"},
    {"If-None-Match": 'W/"\xff'},
    {"X-Forwarded-For": "\xff, , [::"},
    {"X-Forwarded-Host": "[", "X-Forwarded-Proto": "\xff"},
    {"X-CSRFToken": "\xff"},
    {"Idempotency-Key": "\xe9" * 20},
    {"User-Agent": "\xff" * 3000},
)

ODD_PATHS = (
    "/%00",
    "/manage/people/%00",
    "/%ff%fe",
    "/%ED%A0%80",
    "/static/%00",
    "/static/..%2f..%2fetc/passwd",
    "/static/%ff",
    "//",
    "//example.org/",
    "/manage/../manage",
    "/.",
    "/%2e%2e/",
    "/api/v1/%00",
    "/api/v1/people/%ff",
    "/sync/v1/%00",
    "/" + "a" * 3000,
    "/;x=1",
    "/manage/people/%F0%9F%98%80",
    "/p/" + "x" * 500,
    "/api/",
    "/staff/%00",
)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW")


@dataclass(frozen=True)
class Hostile:
    """One request; `what` says for a test's answer what is wrong with it."""

    what: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def addresses(app: Flask, named: Mapping[str, str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Give each route of the app as an address, with its methods; `named` has the values of a path."""

    def value(found: re.Match[str]) -> str:
        return (found["choice"] or "").partition(",")[0] or named.get(found["name"], "1")

    for rule in app.url_map.iter_rules():
        yield _VARIABLE.sub(value, rule.rule), frozenset(rule.methods or ())


def json_at(path: str, methods: frozenset[str], type_: str = JSON_TYPES[0]) -> Iterator[Hostile]:
    """Give every JSON body, sent to an address by its own method."""
    method = next((one for one in ("POST", "PATCH") if one in methods), "GET")
    for what, body in JSON_BODIES.items():
        yield Hostile(what, method, path, {"Content-Type": type_}, body)


def others_at(path: str, methods: frozenset[str]) -> Iterator[Hostile]:
    """Give every other body, question, head and method, sent to an address."""
    posting = next((one for one in ("POST", "PATCH") if one in methods), "POST")
    for what, (type_, body) in OTHER_BODIES.items():
        yield Hostile(what, posting, path, {"Content-Type": type_}, body)
    for query in QUERIES:
        yield Hostile(f"?{query[:30]}", "GET" if "GET" in methods else posting, f"{path}?{query}")
    for headers in ODD_HEADERS:
        name, value = next(iter(headers.items()))
        yield Hostile(f"{name}: {value[:20]}", "GET" if "GET" in methods else posting, path, headers)
    for method in METHODS:
        yield Hostile(method, method, path)


def odd_paths() -> Iterator[Hostile]:
    """Give addresses without a route."""
    for path in ODD_PATHS:
        what = f"path {quote(path)[:40]}"
        yield Hostile(what, "GET", path)
        yield Hostile(f"{what} with JSON", "POST", path, {"Content-Type": JSON_TYPES[0]}, b"[1]")
