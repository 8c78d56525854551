"""Write public addresses that staff and residents give to other people."""

from flask import url_for

from web_admin.core.database import current_menjin
from web_admin.visitors.links import link_text
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow


def pass_link(row: VisitorPassRow | VisitorSeriesRow) -> str:
    """Return the public address under which a visitor sees a pass."""
    menjin = current_menjin()
    if isinstance(row, VisitorSeriesRow):
        text = link_text(menjin.sealer, "series", row.series_id)
    else:
        text = link_text(menjin.sealer, "pass", row.pass_id)
    return menjin.config.public_url + url_for("visitor_pass.show", text=text)
