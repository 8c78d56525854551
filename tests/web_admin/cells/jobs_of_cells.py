"""Jobs of a cell, and a marked end of them."""

from web_admin.core.health_models import ServerMark
from web_admin.operations import housekeeping


def marked_at(menjin):
    with menjin.database.open_reading() as session:
        mark = session.get(ServerMark, housekeeping.HOUSEKEEPING)
        return mark and mark.at
