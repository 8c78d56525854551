"""Read destinations of messages and the results of deliveries."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.compound.models import Person
from web_admin.journal.models import AuditEntry
from web_admin.messages.models import MailServer, OutboxMessage, Webhook
from web_admin.messages.subscription_models import NotificationSubscription

WEBHOOK_ADDED, WEBHOOK_TAKEN_OVER = "webhook_added", "webhook_taken_over"
"""Kinds of the ledger that say which account answers for a webhook."""


def mail_servers(session: Session) -> list[MailServer]:
    """Return who takes mail, of every site in these tables."""
    return list(session.scalars(select(MailServer)))


def mail_server_of(session: Session, site_id: str) -> MailServer | None:
    """Return who takes a site's mail, None where it sends none."""
    return session.get(MailServer, site_id)


def people_with_mail(session: Session, site_id: str) -> int:
    """Return how many people of a site receive messages by mail."""
    people = select(Person.person_id).where(Person.site_id == site_id, Person.ended_at.is_(None))
    asked = select(func.count()).where(
        NotificationSubscription.channel == "mail",
        NotificationSubscription.confirmed_at.is_not(None),
        NotificationSubscription.person_id.in_(people),
    )
    return session.scalar(asked) or 0


def webhooks_of(session: Session, site_id: str) -> Sequence[Webhook]:
    """Return a site's webhooks that have not ended, by their names."""
    return session.scalars(
        select(Webhook).where(Webhook.site_id == site_id, Webhook.ended_at.is_(None)).order_by(Webhook.name)
    ).all()


def authors_of_webhooks(session: Session, site_id: str) -> dict[str, str]:
    """Return by webhook the account that answers for it: the last that added it or took it over."""
    entries = session.scalars(
        select(AuditEntry.facts)
        .where(AuditEntry.site_id == site_id, AuditEntry.kind.in_((WEBHOOK_ADDED, WEBHOOK_TAKEN_OVER)))
        .order_by(AuditEntry.seq)
    )
    return {
        str(facts["webhook_id"]): str(facts.get("author_id") or facts.get("actor_id")) for facts in entries
    }


def webhooks_by(session: Session, site_id: str, author_id: str) -> Sequence[Webhook]:
    """Return a site's webhooks for which this account answers."""
    authors = authors_of_webhooks(session, site_id)
    return [hook for hook in webhooks_of(session, site_id) if authors.get(hook.webhook_id) == author_id]


def mails_of(session: Session, site_id: str, limit: int) -> Sequence[OutboxMessage]:
    """Return a site's newest mails."""
    return session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.site_id == site_id, OutboxMessage.channel == "mail")
        .order_by(OutboxMessage.created_at.desc())
        .limit(limit)
    ).all()


def stuck_mail_to(session: Session, site_id: str, email: str, since: datetime) -> OutboxMessage | None:
    """Return the newest mail to an address that could not be sent; one that was sent has lost its address."""
    return session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.site_id == site_id,
            OutboxMessage.channel == "mail",
            OutboxMessage.target == email,
            OutboxMessage.trouble.is_not(None),
            OutboxMessage.created_at >= since,
        )
        .order_by(OutboxMessage.created_at.desc())
    ).first()


def messages_to(session: Session, webhook_id: str, limit: int) -> Sequence[OutboxMessage]:
    """Return the newest messages to a webhook."""
    return session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.channel == "webhook", OutboxMessage.target == webhook_id)
        .order_by(OutboxMessage.created_at.desc())
        .limit(limit)
    ).all()


def subscription_of(session: Session, person_id: str) -> NotificationSubscription | None:
    """Return a person's subscription to messages, None without one."""
    return session.get(NotificationSubscription, person_id)
