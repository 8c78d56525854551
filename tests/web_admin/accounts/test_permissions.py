"""Who is let in, sent away or refused by the table of roles, on an app that has little else."""

import logging
from types import SimpleNamespace

import pytest
from flask import Blueprint, Flask, g
from flask.testing import FlaskClient
from flask_login import LoginManager

from web_admin.accounts.permissions import (
    GATE,
    PUBLIC,
    STAFF,
    access_of,
    allowed,
    current_may,
    declare,
    may,
    note_refusal,
    public,
    refuse_residents_at_staff_doors,
    refuse_undeclared,
    role_names,
)


class Account:
    """A signed-in account, as the sign-in library shows it."""

    is_authenticated = True

    def __init__(self, *roles: str, **ids: object) -> None:
        self.roles = [SimpleNamespace(name=role) for role in roles]
        self.__dict__.update(ids)


@pytest.fixture
def app() -> Flask:
    made = Flask(__name__)
    made.config["signed_in"] = None
    manager = LoginManager(made)
    manager.request_loader(lambda _request: made.config["signed_in"])
    library = Blueprint("security", __name__)
    for endpoint in ("login", "logout", "two_factor_setup", "verify", "reset_password"):
        library.add_url_rule(f"/staff/{endpoint}", endpoint, lambda: "library", methods=["GET", "POST"])
    gates = Blueprint("sync_api", __name__)
    gates.add_url_rule("/sync", "sync", lambda: "gate")
    beside_gates = Blueprint("beside", __name__)
    beside_gates.add_url_rule("/sync/page", "page", lambda: "no gate's")
    gates.register_blueprint(beside_gates)
    nested = Blueprint("inner", __name__)
    nested.add_url_rule("/inner/page", "page", lambda: "inner")
    outer = Blueprint("outer", __name__)
    outer.register_blueprint(nested)
    made.register_blueprint(library)
    made.register_blueprint(gates)
    made.register_blueprint(outer)

    @allowed("open_once")
    def open_once(lane: str) -> str:
        return f"opened {lane}"

    made.add_url_rule("/open/<lane>", "open_once", open_once, methods=["GET", "POST"])
    made.add_url_rule("/rules", "rules", public(lambda: "rules"))
    made.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    made.before_request(refuse_undeclared)
    made.before_request(refuse_residents_at_staff_doors)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sign_in(app: Flask, *roles: str, **ids: object) -> None:
    app.config["signed_in"] = Account(*roles, **ids)


# -- the table -----------------------------------------------------------------------------------------


def test_one_of_several_roles_is_enough_and_none_is_a_no() -> None:
    assert may("edit_gates", ["guard", "installer"])
    assert not may("edit_gates", ["guard", "privacy_officer"])
    assert not may("edit_gates", []) and not may("edit_gates", ["janitor"])


def test_who_is_signed_in_may_what_their_roles_may(app: Flask) -> None:
    with app.test_request_context():
        assert role_names() == [] and current_may("open_once") is False
    sign_in(app, "installer", "guard")
    with app.test_request_context():
        assert role_names() == ["installer", "guard"]
        assert current_may("open_once") is True and current_may("edit_settings") is False


def test_roles_without_a_sign_in_are_worth_nothing(app: Flask) -> None:
    sign_in(app, "manager", is_authenticated=False)
    with app.test_request_context():
        assert current_may("open_once") is False
    answer = app.test_client().get("/open/north")
    assert answer.status_code == 302 and "opened" not in answer.text


# -- pages of staff ------------------------------------------------------------------------------------


def test_staff_whose_role_may_are_let_in_and_others_answered_403(app: Flask, client: FlaskClient) -> None:
    sign_in(app, "guard")
    assert client.post("/open/north").text == "opened north"
    sign_in(app, "installer")
    assert client.post("/open/north").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "to"),
    [
        ("GET", "/open/XX", "/staff/login?next=/open/XX"),
        ("GET", "/open/XX?day=1&x=X", "/staff/login?next=/open/XX?day%3D1%26x%3DX"),
        ("GET", "/open/north?", "/staff/login?next=/open/north"),
        ("POST", "/open/north", "/staff/login"),
    ],
)
def test_a_stranger_is_sent_to_sign_in_and_back_to_what_is_read(
    client: FlaskClient, method: str, path: str, to: str
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.location) == (302, to)


def test_a_guarded_view_keeps_its_name_and_says_who_it_is_for(app: Flask) -> None:
    assert app.view_functions["open_once"].__name__ == "open_once"
    assert access_of(app, "open_once") == (STAFF, "open_once")
    assert access_of(app, "rules") == (PUBLIC, "")
    declared = declare(lambda: "x", "resident")
    assert declared.__dict__["menjin_access"] == ("resident", "")


def test_an_action_of_no_role_is_an_error_that_says_where_to_add_it() -> None:
    with pytest.raises(ValueError, match=r"^no role may ever do 'fly': add it to ACTIONS_BY_ROLE$"):
        allowed("fly")


# -- routes of others, and undeclared ones -------------------------------------------------------------


def test_routes_of_libraries_and_gates_are_declared_by_their_tables(app: Flask) -> None:
    assert access_of(app, "security.login") == (PUBLIC, "")
    assert access_of(app, "security.verify") == (STAFF, "")
    assert access_of(app, "sync_api.sync") == (GATE, "")
    assert access_of(app, "security.reset_password") is None
    assert access_of(app, "forgotten") is None
    assert access_of(app, "outer.inner.page") is None
    assert access_of(app, "sync_api.beside.page") is None


def test_an_undeclared_route_answers_404_and_only_ours_is_an_error_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/staff/reset_password", "/nowhere"):
        assert client.get(path).status_code == 404
    assert caplog.messages == []
    assert client.get("/forgotten").status_code == 404
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "route forgotten has no declared permission")
    ]
    assert client.get("/rules").text == "rules" and client.get("/sync").text == "gate"


@pytest.mark.parametrize(
    ("roles", "codes"),
    [
        (("resident",), [200, 200, 403, 403, 200]),
        (("resident", "guard"), [200] * 5),
        (("guard",), [200] * 5),
        ((), [200] * 5),
    ],
)
def test_residents_alone_are_refused_on_the_staffs_pages_of_sign_in(
    app: Flask, client: FlaskClient, roles: tuple[str, ...], codes: list[int]
) -> None:
    sign_in(app, *roles)
    paths = ("/staff/login", "/staff/logout", "/staff/verify", "/staff/two_factor_setup", "/rules")
    assert [client.get(path).status_code for path in paths] == codes


# -- what the log says of a refusal --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "key_id", "who"),
    [
        ({"person_id": "0a1b", "id": 7}, None, "person 0a1b"),
        ({"person_id": None, "id": 7}, None, "staff-7"),
        ({"id": 7}, None, "staff-7"),
        ({}, None, "a stranger"),
        ({"person_id": "0a1b", "id": 7}, "k1", "key k1"),
    ],
)
def test_a_refusal_is_written_down_by_the_id_of_who_was_refused(
    app: Flask, caplog: pytest.LogCaptureFixture, ids: dict[str, object], key_id: str | None, who: str
) -> None:
    sign_in(app, "guard", **ids)
    with app.test_request_context("/open/north", method="POST"):
        if key_id:
            g.menjin_key = SimpleNamespace(key_id=key_id)
        note_refusal(403)
        note_refusal(404, "another's id")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, f"refused: {who} got 403 at POST open_once"),
        (logging.WARNING, f"refused: {who} got 404 at POST open_once (another's id)"),
    ]


def test_a_strangers_wrong_address_is_no_news(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.test_request_context("/nowhere"):
        note_refusal(404)
    with app.test_request_context("/rules"):
        note_refusal(403)
    assert caplog.messages == ["refused: a stranger got 403 at GET rules"]
