"""Keep one-time secrets (a PIN, an invitation) for a form that was sent twice.

A finger that taps twice sends the form twice, and the browser shows the second answer. The secret that
the first sending made is therefore kept for a minute, in this process's memory and nowhere else: under
the form's own token, for its person and the actor.
"""

from datetime import datetime, timedelta
from threading import Lock

KEPT_FOR = timedelta(minutes=1)


class OneTimeSecrets:
    """Secrets of the last minute by who may see them again; safe to share between threads."""

    def __init__(self) -> None:
        """Begin with nothing kept."""
        self._kept: dict[tuple[str, ...], tuple[datetime, str]] = {}
        self._lock = Lock()

    def keep(self, token: str, whose: tuple[str, ...], secret: str, now: datetime) -> None:
        """Store the secret of a form; delete those older than a minute."""
        with self._lock:
            self._forget_old(now)
            self._kept[(token, *whose)] = (now, secret)

    def again(self, token: str, whose: tuple[str, ...], now: datetime) -> str | None:
        """Return the secret that this form made for these people within the last minute."""
        with self._lock:
            self._forget_old(now)
            _at, secret = self._kept.get((token, *whose), (now, None))
            return secret

    def _forget_old(self, now: datetime) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if now - KEPT_FOR < kept[0] <= now}
