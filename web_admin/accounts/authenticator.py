"""Verify codes of an authenticator app: each works once, and its secret is stored encrypted."""

from typing import cast

from flask import current_app
from flask_security import UserMixin
from flask_security.totp import Totp
from passlib.totp import TOTP, TotpMatch


class OnceTotp(Totp):
    """Authenticator codes of which each works once, as RFC 6238 section 5.2 asks."""

    def get_last_counter(self, user: UserMixin) -> TotpMatch | None:
        """Return the newest step that was used."""
        counter: TotpMatch | None = getattr(user, "last_totp_counter", None)
        return counter

    def set_last_counter(self, user: UserMixin, tmatch: TotpMatch) -> None:
        """Remember the step of an accepted code."""
        user.last_totp_counter = tmatch.counter  # type: ignore[attr-defined]  # a column of accounts.User

    def seal(self, base32: str) -> str:
        """Return a base32 secret encrypted for the account's row."""
        totp: TOTP = self._totp(base32, format="base32")
        return cast(str, totp.to_json(encrypt=True))


def seal_totp_secret(base32: str) -> str:
    """Return a base32 authenticator secret as the account's row keeps it; needs an app context."""
    return cast(OnceTotp, current_app.extensions["security"].totp_factory).seal(base32)
