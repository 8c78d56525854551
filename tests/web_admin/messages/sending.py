"""Webhooks and mail servers of tests, and the messages that are put for them."""

from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select

from web_admin.messages.delivery import DeliveryCounts
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.push_delivery import SUBSCRIPTION_PURPOSE
from web_admin.messages.push_encryption import Subscription
from web_admin.messages.push_models import PushPhone
from web_admin.messages.webhook_delivery import KEY_PURPOSE

KEY, OLD_KEY = b"k" * 32, b"o" * 32
SENT, LATER, FAILED = DeliveryCounts(sent=1), DeliveryCounts(later=1), DeliveryCounts(failed=1)


def add_hook(menjin, site, url, webhook_id="hook", kinds=("alarm_raised",), **more):
    sealed = menjin.sealer.seal(KEY, purpose=KEY_PURPOSE)
    with menjin.database.session() as session:
        session.add(
            Webhook(
                webhook_id=webhook_id,
                site_id=site,
                name="Property software",
                url=url,
                kinds=list(kinds),
                signing_key_sealed=sealed,
                created_at=menjin.clock(),
                **more,
            )
        )


def name_mail_server(menjin, host, port):
    """Let the operator name the mail server in web.toml."""
    object.__setattr__(menjin, "config", replace(menjin.config, mail_server=f"{host}:{port}"))


def add_mail_server(menjin, site, port, security="none", username="", host="127.0.0.1", *, named=True):
    if named:
        name_mail_server(menjin, host, port)
    with menjin.database.session() as session:
        session.add(
            MailServer(
                site_id=site,
                host=host,
                port=port,
                security=security,
                username=username,
                sender="office@example.org",
            )
        )


def send_mail_to(put, target="lin@example.org"):
    put("mail", target, "notice", subject="北门 is open", text="From now on.\n")


def messages(menjin):
    with menjin.database.session() as session:
        return session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)).all()


def the_message(menjin):
    (message,) = messages(menjin)
    return message


def name_push_service(menjin, url):
    """Let the operator name a push service of this machine in web.toml, beside those named before."""
    named = (*menjin.config.push_services, urlsplit(url).netloc)
    object.__setattr__(menjin, "config", replace(menjin.config, push_services=named))


def add_push_phone(menjin, site, browser, phone_id="phone", kinds=(), **owner):
    """Store a browser that takes messages."""
    to = Subscription(browser.endpoint, browser.point, browser.auth)
    with menjin.database.session() as session:
        session.add(
            PushPhone(
                phone_id=phone_id,
                site_id=site,
                service=urlsplit(browser.endpoint).netloc,
                endpoint_sha256=sha256(browser.endpoint.encode()).digest(),
                subscription_sealed=menjin.sealer.seal(msgspec.json.encode(to), purpose=SUBSCRIPTION_PURPOSE),
                kinds=list(kinds),
                created_at=menjin.clock(),
                **owner,
            )
        )
