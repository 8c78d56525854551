"""Give a page of staff the mark of what it shows, so that its stream does not begin by sending it again."""

from web_admin.accounts.permissions import current_may
from web_admin.core.database import current_menjin
from web_admin.web.live_watch import mark_of, without_silent


def live_mark() -> str:
    """Return the mark that a page begins with; ask for it before anything that the page shows is read."""
    mark = mark_of(current_menjin())
    return mark if current_may("acknowledge_alarm") else without_silent(mark)
