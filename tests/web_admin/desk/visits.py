"""A visit at the desk: begun, and what is recorded of it."""

from sqlalchemy import select

from tests.support.compounds.desk import (
    read,
)
from web_admin.journal.models import AuditEntry


def entries(compound, kind):
    query = select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.seq)
    return read(compound, lambda s: s.scalars(query).all())
