"""Homes, through the interface."""

from sqlalchemy import select

from web_admin.api.access import acting, api_act, blueprint, needs_scope
from web_admin.api.schemas import HomeOut, HomesOut, NewHome, PageQuery
from web_admin.homes_and_people import add_home
from web_admin.models import Home

bp = blueprint("homes", "Households' units.")


@bp.get("/homes")
@needs_scope("people:read")
@bp.arguments(PageQuery, location="query")
@bp.response(200, HomesOut)
def list_homes(query: dict[str, object]) -> dict[str, object]:
    """List homes in the order of their ids."""
    act, limit = api_act(), int(str(query["limit"]))
    rows = act.session.scalars(
        select(Home)
        .where(Home.site_id == act.site_id, Home.home_id > str(query["after"]))
        .order_by(Home.home_id)
        .limit(limit)
    ).all()
    return {"homes": rows, "after": rows[-1].home_id if len(rows) == limit else None}


@bp.post("/homes")
@needs_scope("people:write")
@bp.arguments(NewHome)
@bp.response(201, HomeOut)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def make_home(body: dict[str, str]) -> Home:
    """Add a home."""
    with acting() as act:
        return add_home(act, body["number"])
