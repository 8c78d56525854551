"""A site's logo: kept as shapes alone, whatever the drawing held."""

import io

import pytest

from tests.web_admin.manage.settings_pages import send
from web_admin.settings.drawing import LOGO, DrawingRefused, checked_drawing

DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#a33"/></svg>'


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


def test_a_drawn_logo_is_kept_as_shapes_alone(client, compound):
    answer = send(
        client, "/manage/settings/look", "/manage/settings/logo", form=1, logo=(io.BytesIO(DRAWN), "logo.svg")
    )
    assert answer.status_code == 303
    shown = compound.app.test_client().get("/logo.svg")
    assert (shown.mimetype, "M0 0h8v8z" in shown.text) == ("image/svg+xml", True)
    assert 'src="/logo.svg"' in client.get("/manage/settings").text
    send(client, "/manage/settings/look", "/manage/settings/logo", form=2)
    assert compound.app.test_client().get("/logo.svg").status_code == 404


def wrapped(inner, attributes=""):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"{attributes}>{inner}</svg>'.encode()


@pytest.mark.parametrize(
    "content",
    [
        wrapped("<script>alert(1)</script>"),
        wrapped('<image href="data:image/png;base64,AAAA"/>'),
        wrapped("<foreignObject><p>x</p></foreignObject>"),
        wrapped('<use href="https://example.org/x.svg#a"/>'),
        wrapped("<style>path{}</style>"),
        wrapped("<text>x</text>"),
        wrapped('<path d="M0 0" fill="url(https://example.org/x)"/>'),
        wrapped('<path d="M0 0" style="fill:url(//example.org)"/>'),
        b'<!DOCTYPE svg [<!ENTITY a "x">]>' + DRAWN,
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"<html></html>",
        wrapped("<g>" * 3000 + "</g>" * 3000),
        wrapped("<g>" * 1500 + "</g>" * 1500),
        wrapped("<g>" * 40 + "</g>" * 40),
        wrapped(f'<path d="{"M0 0 " * 8000}"/>'),
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_with_anything_but_shapes_is_refused(content):
    with pytest.raises(DrawingRefused):
        checked_drawing(content, LOGO)


def test_what_an_editor_leaves_in_a_drawing_does_not_survive():
    kept = checked_drawing(
        wrapped('<metadata><x/></metadata><path onclick="x()" class="a" d="M0 0" style="fill:#a33"/>'),
        LOGO,
    )
    assert [word for word in ("metadata", "onclick", "class", "style") if word in kept] == []
    assert 'fill="#a33"' in kept
