"""The server: pages for people, the sync API for gates. It never holds a face and loads no driver."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType

from flask import Flask, g, request

from web_admin.core.bell import Bell, NoBell, account_key
from web_admin.core.compiled_statements import Statements
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin, init_database, make_engine
from web_admin.core.message_types import learn_message_types
from web_admin.core.sealing import Sealer
from web_admin.core.wake_ups import hear_commits
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.web.limits import init_limits
from web_admin.web.shared_parts import SharedParts

ExcInfo = tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]


class _Server(Flask):
    """Flask, but for what it logs of a request that failed, and for what it shares with others."""

    def __init__(self, shared: SharedParts | None) -> None:
        """Take what other servers of this process have made already."""
        if shared is not None:
            self.url_map_class = shared.address_map  # type: ignore[assignment]  # one map for all
        super().__init__(__name__)
        if shared is not None:
            self.jinja_options = {**self.jinja_options, "bytecode_cache": shared.templates}

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Name the page by its pattern: an address may hold a token."""
        facts = {"method": request.method, "page": request.url_rule.rule if request.url_rule else None}
        extra = {"event": "request_failed", "facts": facts}
        self.logger.error("a request failed", exc_info=exc_info, extra=extra)
        g.menjin_line = "failed"


def create_app(
    config: WebConfig,
    *,
    clock: Callable[[], datetime],
    menjin: Menjin | None = None,
    shared: SharedParts | None = None,
) -> Flask:
    """Build the server from its configuration; `clock` gives the aware present.

    `menjin`: parts that are open already; `shared`: what several servers of one process have in common.
    """
    from web_admin.api import register_api  # noqa: PLC0415 - the command line needs no interface
    from web_admin.app import register_pages  # noqa: PLC0415 - likewise
    from web_admin.sync import register_sync  # noqa: PLC0415 - likewise

    app = create_core(config, clock=clock, menjin=menjin, shared=shared)
    register_sync(app)  # gates sign their requests: no cookie, no CSRF
    register_api(app, shared)  # keys of other systems: likewise
    register_pages(app)  # languages, security headers, every page, error pages
    if shared is not None:
        shared.share_words(app)
    learn_message_types()  # last: every door has imported its messages by now
    return app


def create_core(
    config: WebConfig,
    *,
    clock: Callable[[], datetime],
    menjin: Menjin | None = None,
    shared: SharedParts | None = None,
) -> Flask:
    """Build what pages and commands share: the database, and accounts with their rules."""
    from web_admin.web.request_marks import init_request_marks  # noqa: PLC0415 - after `counted_together`
    from web_admin.web.sign_in import init_accounts  # noqa: PLC0415 - for an app alone

    app = _Server(shared)
    app.debug = False  # whatever FLASK_DEBUG says: faults are pages, never traces
    init_request_marks(app, config)  # first: what others hook in runs within what is measured
    init_limits(app, config)
    init_database(app, menjin or make_parts(config, clock=clock))
    init_accounts(app, config)  # session cookie, CSRF, rate limits, sign-in, who may what
    return app


def make_parts(
    config: WebConfig, *, clock: Callable[[], datetime], statements: Statements | None = None
) -> Menjin:
    """Open the database and the keys of a server; a running app finds them by `current_menjin`.

    `statements`: what the databases of several servers of this process have compiled.
    """
    import web_admin.tables  # noqa: F401, PLC0415 - relations between tables name each other by text
    from web_admin.policy.effects import PolicyEffects  # noqa: PLC0415 - for an app alone

    database = Database(make_engine(config.database_url, shared=statements))
    wrap_keys = WrapKeys(config.face_key or None, config.secrets_dir)
    sealer = Sealer(config.seal_key, config.lookup_key, wrap_keys)
    bell = make_bell(config, clock)
    hear_commits(database.open_session, bell.wake_gates)
    # A wrapping key that is destroyed must not live on in what every request can see.
    return Menjin(replace(config, face_key=b""), database, sealer, clock, PolicyEffects(sealer), bell)


def make_bell(config: WebConfig, clock: Callable[[], datetime]) -> NoBell:
    """Return the bell that wakes gates, or NoBell where the settings name no brokers."""
    servers = config.bell_servers.split()
    return Bell(servers, config.bell_ca, account_key(config.seal_key), clock) if servers else NoBell()
