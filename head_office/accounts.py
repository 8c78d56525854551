"""Sign staff of the head office in: a password and a code, slow guessing, sessions that end on the server.

Guessing is counted as the compounds' own servers count it: by account and place, by place, and by account. A
place is an address of IPv4 or a /64 of IPv6; one from which an account signed in lately is bound by the first
alone: strangers elsewhere do not shut its owner out there.

Imports the storage. The server's library for passwords and codes judges them (decision 73): passwords are
stored as Argon2id at the server's cost, codes are those of RFC 6238, and each counts once.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from passlib.context import CryptContext
from passlib.exc import TokenError
from passlib.totp import TOTP
from zxcvbn import zxcvbn

from gate_controller.contract.client_places import place_of_address
from head_office.storage import Account, Storage

SHORTEST_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 12, 200
LEAST_GUESSES = 10**10
MAX_NAME_CHARS = 40
SECRET_BYTES = 20
IDLE, LONGEST = timedelta(hours=1), timedelta(hours=12)
FAILED_WITHIN = timedelta(minutes=5)
KNOWN_FOR = timedelta(days=30)
PAIR_TRIES, PLACE_TRIES, ACCOUNT_TRIES = 5, 50, 100
_ESTIMATED_CHARS = 72
_OF_PAIR = "SELECT at FROM failed_try WHERE account = ? AND place = ? ORDER BY at DESC LIMIT 1 OFFSET ?"
_OF_PLACE = "SELECT at FROM failed_try WHERE place = ? ORDER BY at DESC LIMIT 1 OFFSET ?"
_IS_KNOWN = "SELECT 1 FROM known_place WHERE account = ? AND place = ? AND at > ?"
_OF_ACCOUNT = "SELECT at FROM failed_try WHERE account = ? ORDER BY at DESC LIMIT 1 OFFSET ?"

PASSWORDS = CryptContext(["argon2"], argon2__time_cost=3, argon2__memory_cost=65_536)
_Codes = TOTP.using(issuer="Menjin head office")


class PasswordRefused(Exception):
    """This password cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Result of a try to sign in: a session's token, or the seconds to wait, or neither."""

    token: str = ""
    wait_seconds: int = 0


def make_account(storage: Storage, name: str, password: str) -> bytes:
    """Make an account, or replace its password and codes; return their secret or raise PasswordRefused."""
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable() or name != name.strip():
        raise PasswordRefused(f"a name has 1 to {MAX_NAME_CHARS} characters")
    if not SHORTEST_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise PasswordRefused(f"a password has {SHORTEST_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    known = [name, "menjin", "head", "office", "门禁", "总部"]
    if zxcvbn(password[:_ESTIMATED_CHARS], user_inputs=known)["guesses"] < LEAST_GUESSES:
        raise PasswordRefused("this password is too easy to guess; four unrelated words are good")
    secret = secrets.token_bytes(SECRET_BYTES)
    storage.put_account(Account(name, PASSWORDS.hash(password), secret, 0))
    return secret


def code_address(name: str, secret: bytes) -> str:
    """Return the address that an authenticator app reads."""
    return str(
        _Codes(key=secret, format="raw").to_uri(name.replace(":", "："))
    )  # a colon ends the issuer there


def sign_in(storage: Storage, name: str, password: str, code: str, address: str, now: datetime) -> Tried:
    """Judge one try from a network address; a wrong name, password and code give the same answer."""
    place = place_of_address(address)
    with storage.transaction() as rows:
        wait = _wait(rows, name, place, now)
        if wait:
            return Tried(wait_seconds=wait)
        # Counted before it is judged: a hundred at once are not judged as the first each.
        mark = (now.timestamp(), name[:MAX_NAME_CHARS], place)
        rows.execute("INSERT INTO failed_try VALUES (?, ?, ?)", mark)
    account, password = storage.account(name), password[:MAX_PASSWORD_CHARS]
    if account is None:
        PASSWORDS.hash(password)  # both answers take as long
        return Tried()
    if not (PASSWORDS.verify(password, account.password_hash) and _use_code(storage, account, code, now)):
        return Tried()
    with storage.transaction() as rows:
        rows.execute("DELETE FROM failed_try WHERE account = ? AND place = ?", (name, place))
        rows.execute("DELETE FROM known_place WHERE at < ?", ((now - KNOWN_FOR).timestamp(),))
        rows.execute("INSERT OR REPLACE INTO known_place VALUES (?, ?, ?)", (name, place, now.timestamp()))
    return Tried(open_session(storage, name, now))


def open_session(storage: Storage, name: str, now: datetime) -> str:
    """Begin a session of an account that proved itself, and return its token."""
    token = secrets.token_urlsafe(32)
    with storage.transaction() as rows:
        at = now.timestamp()
        rows.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(token), name, at, at))
        rows.execute("DELETE FROM session WHERE made_at < ?", ((now - LONGEST).timestamp(),))
    return token


def _wait(rows: sqlite3.Connection, name: str, place: str, now: datetime) -> int:
    """Return for how many seconds this account and this place have to wait."""
    since = (now - FAILED_WITHIN).timestamp()
    rows.execute("DELETE FROM failed_try WHERE at < ?", (since,))
    known = name[:MAX_NAME_CHARS]
    counted: list[tuple[str, tuple[str | int, ...]]] = [(_OF_PAIR, (known, place, PAIR_TRIES - 1))]
    if rows.execute(_IS_KNOWN, (known, place, (now - KNOWN_FOR).timestamp())).fetchone() is None:
        counted += [(_OF_PLACE, (place, PLACE_TRIES - 1)), (_OF_ACCOUNT, (known, ACCOUNT_TRIES - 1))]
    for query, values in counted:
        found = rows.execute(query, values).fetchone()
        if found is not None:
            return max(1, int(found[0] - since) + 1)
    return 0


def _use_code(storage: Storage, account: Account, code: str, now: datetime) -> bool:
    """Return whether this is an unused code of now, or of the half minute before or after; use it up."""
    try:
        step = _Codes(key=account.totp_secret, format="raw").match(code, now).counter
    except TokenError:
        return False
    return storage.use_counter(account.name, step)


def signed_in(storage: Storage, token: str, now: datetime) -> str | None:
    """Return whose session this is, None for none that lives; note that it is in use."""
    if not token:
        return None
    with storage.transaction() as rows:
        found = rows.execute(
            "SELECT name, made_at, seen_at FROM session WHERE digest = ?", (_digest(token),)
        ).fetchone()
        if found is None:
            return None
        name, made_at, seen_at = found
        at = now.timestamp()
        if at - made_at > LONGEST.total_seconds() or at - seen_at > IDLE.total_seconds():
            rows.execute("DELETE FROM session WHERE digest = ?", (_digest(token),))
            return None
        if at - seen_at > 60:
            rows.execute("UPDATE session SET seen_at = ? WHERE digest = ?", (at, _digest(token)))
    return str(name)


def sign_out(storage: Storage, token: str) -> None:
    """End a session on the server."""
    with storage.transaction() as rows:
        rows.execute("DELETE FROM session WHERE digest = ?", (_digest(token),))


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
