"""API of a compound as a whole: for a head office that knows no one."""

from typing import cast

from flask import Flask, current_app

from web_admin.api.access import api_action, blueprint, needs_scope
from web_admin.api.overview_schemas import OverviewOut
from web_admin.core.database import current_menjin
from web_admin.operations.overview import FiguresOfTheDay, overview
from web_admin.web.site import current_site

bp = blueprint("overview", "How the compound is, in counts and ages; no person is in it.")
KEPT = "menjin_figures_of_the_day"


def keep_figures(app: Flask) -> None:
    """Give an app its own place for figures that it computes once a day."""
    app.extensions[KEPT] = FiguresOfTheDay()


@bp.get("/overview")
@needs_scope("overview:read")
@bp.response(200, OverviewOut)
def read_overview() -> dict[str, object]:
    """Read how the compound is at this moment: counts and ages alone."""
    act = api_action()
    kept = cast(FiguresOfTheDay, current_app.extensions[KEPT])
    return overview(act.session, current_menjin().config, current_site(), kept, act.now)
