"""API of homes."""

from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope
from web_admin.api.schemas import HomeOut, HomesOut, NewHome, PageQuery
from web_admin.compound.models import Home
from web_admin.people.homes import add_home, correct_home, end_home
from web_admin.people.listings import homes_after

bp = blueprint("homes", "Households' units.")

NOT_FOUND = "There is no such home."


@bp.get("/homes")
@needs_scope("people:read")
@bp.arguments(PageQuery, location="query")
@bp.response(200, HomesOut)
def list_homes(query: dict[str, object]) -> dict[str, object]:
    """List homes in the order of their ids."""
    act, limit = api_action(), int(str(query["limit"]))
    rows = homes_after(act.session, act.site_id, str(query["after"]), limit)
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


@bp.get("/homes/<home_id>")
@needs_scope("people:read")
@bp.response(200, HomeOut)
@bp.alt_response(404, description=NOT_FOUND)
def show_home(home_id: str) -> Home:
    """Show one home."""
    return found_or_404(Home, home_id)


@bp.patch("/homes/<home_id>")
@needs_scope("people:write")
@bp.arguments(NewHome)
@bp.response(200, HomeOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def renumber_home(body: dict[str, str], home_id: str) -> Home:
    """Correct a home's number; PINs are typed after the new one from then on."""
    found_or_404(Home, home_id)
    with acting() as act:
        return correct_home(act, home_id, body["number"])


@bp.post("/homes/<home_id>/end")
@needs_scope("people:write")
@bp.response(200, HomeOut)
@bp.alt_response(404, description=NOT_FOUND)
@bp.alt_response(409, description="The Idempotency-Key was used.")
@bp.alt_response(422, description="People live there, or cards belong to it.")
def close_home(home_id: str) -> dict[str, str]:
    """Take a home away that nobody lives in any more; its last answer says which it was."""
    row = found_or_404(Home, home_id)
    ended = {"home_id": row.home_id, "number": row.number}
    with acting() as act:
        end_home(act, home_id)
    return ended
