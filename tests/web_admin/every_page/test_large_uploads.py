"""A file of 100 MB is refused with the limit in words, and hardly any of it is read or kept."""

import io
import re
import tracemalloc

import pytest

from tests.support.compounds.resident import csrf_of

MB = 1024 * 1024
SIZE = 100 * MB
SHEET, LOGO = "/manage/people/import", "/manage/settings/logo"
LOGO_FORM = "/manage/settings/look"
SAID = {SHEET: ("file", "larger than 2 MB"), LOGO: ("logo", "32 kB and 2000 shapes")}
MAX_READ = {SHEET: 9 * MB, LOGO: MB}
BORDER = b"menjin-test"


class Endless(io.RawIOBase):
    """A body of 100 MB that is made while it is read, and counts how much was."""

    def __init__(self, token, field):
        parts = (("csrf_token", "", token), (field, '; filename="big.csv"', "home,name\n"))
        self._head = b"".join(
            b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s%s'
            % (BORDER, name.encode(), more.encode(), text.encode(), b"\r\n" if not more else b"")
            for name, more, text in parts
        )
        self.count = 0

    def readable(self):
        return True

    def readinto(self, into):
        size = min(len(into), SIZE - self.count)
        piece = self._head[self.count : self.count + size]
        into[:size] = piece + b"A" * (size - len(piece))
        self.count += size
        return size


def sent(client, path, body, **environ):
    kind = f"multipart/form-data; boundary={BORDER.decode()}"
    return client.post(path, content_type=kind, environ_overrides={"wsgi.input": body} | environ)


@pytest.mark.parametrize("path", [SHEET, LOGO])
def test_a_body_that_says_its_size_is_refused_before_any_of_it_is_read(compound, path):
    client = compound.signed_in("manager")
    field, said = SAID[path]
    body = Endless(csrf_of(client.get({LOGO: LOGO_FORM}.get(path, path)).text), field)
    answer = sent(client, path, body, CONTENT_LENGTH=str(SIZE))
    assert answer.status_code == 413
    assert re.search(rf'id="{field}-wrong-1">.*?{said}', answer.text, re.DOTALL)
    assert body.count == 0


@pytest.mark.wide
@pytest.mark.parametrize("path", [SHEET, LOGO])
def test_a_streamed_body_is_read_to_the_limit_and_not_kept_in_memory(compound, path):
    client = compound.signed_in("manager")
    field, said = SAID[path]
    body = Endless(csrf_of(client.get({LOGO: LOGO_FORM}.get(path, path)).text), field)
    tracemalloc.start()
    answer = sent(client, path, body, **{"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 413
    assert re.search(rf'id="{field}-wrong-1">.*?{said}', answer.text, re.DOTALL)
    assert 0 < body.count <= MAX_READ[path]
    assert peak < 24 * MB


def test_any_other_form_says_what_this_server_takes(compound):
    client = compound.signed_in("manager")
    body = Endless("x", "note")
    answer = sent(client, "/manage/alarms/hand-over", body, CONTENT_LENGTH=str(SIZE))
    assert answer.status_code == 413
    assert "This server takes at most 2 MB here." in answer.text
    assert body.count == 0


def test_a_browser_says_it_before_sending(compound):
    client = compound.signed_in("manager")
    assert 'data-max-bytes="2097152"' in client.get(SHEET).text
    assert 'data-too-large="The file is larger than 2 MB. Split it."' in client.get(SHEET).text
    assert 'data-max-bytes="32768"' in client.get(LOGO_FORM).text
