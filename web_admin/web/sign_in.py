"""Sign people in: Flask-Security over our own session, with a required authenticator for staff.

Tables and the calls for other parts are in `web/resident_session.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app
from flask_login import user_logged_in
from flask_security import Security, SQLAlchemySessionUserDatastore, UserMixin
from flask_security.forms import LoginForm, TwoFactorRescueForm, TwoFactorSetupForm
from flask_wtf.csrf import CSRFProtect
from werkzeug.local import LocalProxy
from wtforms import RadioField

from web_admin.accounts.authenticator import OnceTotp
from web_admin.accounts.models import Role, User
from web_admin.accounts.permissions import refuse_residents_at_staff_doors, refuse_undeclared
from web_admin.accounts.sessions import LONGEST_SESSION, REMEMBERED_FOR, init_account_sessions
from web_admin.accounts.staff import made_profile, staff_id
from web_admin.core.database import request_session
from web_admin.core.in_a_language import N_
from web_admin.web.fields import options
from web_admin.web.foreign_requests import refuse_foreign_origin
from web_admin.web.site import request_now, site_zone
from web_admin.web.staff_guessing import init_staff_guessing

if TYPE_CHECKING:
    from web_admin.core.config import WebConfig


PASSWORD_HASH_COST: Mapping[str, int] = {"argon2__time_cost": 3, "argon2__memory_cost": 65_536}
"""Rounds and KiB of Argon2id for a password of staff: RFC 9106, section 4, second recommended option."""
MESSAGES = {
    "EMAIL_NOT_PROVIDED": N_("Type your e-mail address."),
    "INVALID_EMAIL_ADDRESS": N_("This is not an e-mail address."),
    "PASSWORD_NOT_PROVIDED": N_("Type your password."),
    "GENERIC_AUTHN_FAILED": N_("E-mail address or password is wrong."),
    "INVALID_PASSWORD": N_("The password is wrong."),
    "DISABLED_ACCOUNT": N_("This account is closed."),
    "UNAUTHENTICATED": N_("Sign in first."),
    "REAUTHENTICATION_REQUIRED": N_("Type your password once more to go on."),
    "REAUTHENTICATION_SUCCESSFUL": N_("Thank you."),
    "TWO_FACTOR_INVALID_TOKEN": N_("This code is wrong or already used. Wait for the next one."),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": N_("You are signed in."),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": N_("Your authenticator is set up."),
    "TWO_FACTOR_PERMISSION_DENIED": N_("Sign in with your password first."),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": N_("This way of confirming is not offered."),
    "TWO_FACTOR_SETUP_EXPIRED": N_("That took too long. Start again."),
}


class StaffSignInForm(LoginForm):
    """E-mail and password; refuses accounts that are not staff as if they did not exist."""

    remember = None  # type: ignore[assignment]  # a shared guard's desk must not remember

    def validate(self, **kwargs: Any) -> bool:
        """Check the password, and that the account has no resident behind it."""
        if not super().validate(**kwargs):
            return False
        if getattr(self.user, "person_id", None) is not None:
            self.password.errors = [current_app.config["SECURITY_MSG_GENERIC_AUTHN_FAILED"][0]]
            return False
        return True


class AuthenticatorForm(TwoFactorSetupForm):
    """Setting up an authenticator app, the one second step there is."""

    setup = RadioField(choices=options({"authenticator": "authenticator"}), validate_choice=False)


class NoRescueForm(TwoFactorRescueForm):
    """Nothing to choose: who loses the authenticator gets a link for a new start from the manager."""

    help_setup = RadioField(choices=[], validate_choice=False)


def _note_sign_in(_app: Flask, user: UserMixin, **_more: object) -> None:
    """Store the day of an account's last use: unused accounts should be closed."""
    if getattr(user, "person_id", None) is None:
        account_id = int(getattr(user, "id"))  # noqa: B009 - a column of accounts.User
        profile = made_profile(request_session(), account_id, request_now(), staff_id(account_id))
        profile.last_sign_in_on = request_now().astimezone(site_zone()).date()


def init_accounts(app: Flask, config: "WebConfig") -> None:
    """Add sign-in, sessions, CSRF and the check that every route declared who it is for."""
    app.config.update(_settings(config))
    CSRFProtect(app)
    session = cast(Any, LocalProxy(request_session))  # the library asks for a scoped_session
    datastore = SQLAlchemySessionUserDatastore(session, User, Role)
    security = Security(
        app,
        datastore,
        login_form=StaffSignInForm,
        two_factor_setup_form=AuthenticatorForm,
        two_factor_rescue_form=NoRescueForm,
        totp_cls=OnceTotp,
    )
    security.want_json(lambda _request: False)  # people sign in on pages: one way in, one thing to watch
    init_account_sessions(app, security)
    user_logged_in.connect(_note_sign_in, app)
    app.before_request(refuse_foreign_origin)
    app.before_request(refuse_undeclared)
    app.before_request(refuse_residents_at_staff_doors)
    init_staff_guessing(app)


def cookie_name(name: str, *, https: bool) -> str:
    """Return a cookie's name; over TLS its prefix binds it to the host (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{name}" if https else name


def _settings(config: "WebConfig") -> Mapping[str, object]:
    https = config.public_url.startswith("https:")
    settings: dict[str, object] = {
        "SECRET_KEY": config.session_key.hex(),
        "SESSION_COOKIE_NAME": cookie_name("menjin", https=https),
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_PROTECTION": "basic",
        "PERMANENT_SESSION_LIFETIME": LONGEST_SESSION,
        "REMEMBER_COOKIE_NAME": cookie_name("menjin_remember", https=https),
        "REMEMBER_COOKIE_DURATION": REMEMBERED_FOR,
        "REMEMBER_COOKIE_SECURE": https,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": https,
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": dict(PASSWORD_HASH_COST),
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_SALT": config.password_salt.hex(),
        "SECURITY_PASSWORD_LENGTH_MIN": 10,
        # Counted as typed wherever one is set and checked, so no form of Unicode locks its owner out.
        "SECURITY_PASSWORD_NORMALIZE_FORM": None,
        "SECURITY_TOTP_SECRETS": {"1": config.totp_key.hex()},
        "SECURITY_TOTP_ISSUER": "Menjin",
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_REQUIRED": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TWO_FACTOR_SETUP_URL": "/authenticator",
        "SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL": "/code",
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/",
        "SECURITY_URL_PREFIX": "/staff",
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_VERIFY_URL": "/again",
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_POST_LOGOUT_VIEW": "/",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_REGISTERABLE": False,
        "SECURITY_RECOVERABLE": False,
        "SECURITY_CHANGEABLE": False,
        "SECURITY_TRACKABLE": False,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_SEND_REGISTER_EMAIL": False,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_USER_IDENTITY_ATTRIBUTES": [{"email": {"mapper": _mail_of, "case_insensitive": True}}],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
        "SECURITY_I18N_DOMAIN": "messages",
        "SECURITY_I18N_DIRNAME": str(Path(__file__).parents[1] / "translations"),
        "SECURITY_LOGIN_USER_TEMPLATE": "security/sign_in.html",
        "SECURITY_VERIFY_TEMPLATE": "security/again.html",
        "SECURITY_TWO_FACTOR_SETUP_TEMPLATE": "security/authenticator.html",
        "SECURITY_TWO_FACTOR_VERIFY_CODE_TEMPLATE": "security/code.html",
    }
    settings.update({f"SECURITY_MSG_{key}": (text, "error") for key, text in MESSAGES.items()})
    for key in (
        "TWO_FACTOR_LOGIN_SUCCESSFUL",
        "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL",
        "REAUTHENTICATION_SUCCESSFUL",
    ):
        settings[f"SECURITY_MSG_{key}"] = (MESSAGES[key], "success")
    return settings


def _mail_of(identity: str) -> str | None:
    return identity.strip().lower() if "@" in identity else None
