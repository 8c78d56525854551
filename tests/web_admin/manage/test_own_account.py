"""One's own account: its name and language, another password, its sessions, and signing out everywhere."""

import pytest

from tests.support.compounds.managed import PASSWORD
from tests.web_admin.manage.staff_accounts import NEW_PASSWORD, account_of, is_signed_in, send, sign_in
from web_admin.accounts.names import shown_names
from web_admin.core.database import current_menjin


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


# -- one's own account -------------------------------------------------------------------------------


def test_one_chooses_the_name_that_residents_read_and_the_language_of_ones_pages(compound, rows):
    guard = compound.signed_in("guard")
    done = send(guard, "/manage/account", shown_name="北门保安", language="zh")
    assert done.status_code == 303
    assert "我的账户" in guard.get("/manage/account").text
    fresh = compound.app.test_client()
    number = account_of(rows, "guard@example.org").id
    assert rows(lambda s: shown_names(s, [f"staff-{number}", "system", None])) == {
        f"staff-{number}": "北门保安"
    }
    assert fresh.get("/manage/account").status_code == 302


def test_another_password_needs_the_old_one_and_signs_every_other_browser_out(compound):
    here, elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    wrong = send(
        here,
        "/manage/account",
        "/manage/account/password",
        form=1,
        current="not it at all",
        password=NEW_PASSWORD,
    )
    assert 'id="current-wrong-1"' in wrong.text
    assert is_signed_in(elsewhere)
    done = send(
        here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=NEW_PASSWORD
    )
    assert done.status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert sign_in(compound, "guard@example.org", PASSWORD).status_code == 200
    assert sign_in(compound, "guard@example.org", NEW_PASSWORD).status_code == 302


@pytest.mark.wide
@pytest.mark.parametrize(
    "password", ["un été très tranquille", "ﬁve ﬂat ﬁelds", "Ｗｉｄｅ　ｌｅｔｔｅｒｓ", " at both ends "]
)
def test_a_password_counts_exactly_as_typed(compound, password):
    here = compound.signed_in("guard")
    saved = send(
        here, "/manage/account", "/manage/account/password", form=1, current=PASSWORD, password=password
    )
    assert saved.status_code == 303
    for changed in (password[:-1], password.swapcase(), password.strip() + "."):
        assert sign_in(compound, "guard@example.org", changed).status_code == 200
    assert sign_in(compound, "guard@example.org", password).status_code == 302


def test_signing_out_everywhere_ends_every_session_this_one_too(compound):
    here, elsewhere = compound.signed_in("guard"), compound.signed_in_again("guard")
    assert send(here, "/manage/account", "/manage/account/sign-out", form=-1).status_code == 303
    assert not is_signed_in(here)
    assert not is_signed_in(elsewhere)
