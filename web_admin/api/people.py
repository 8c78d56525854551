"""API of people: found, added, corrected, moved out. Ways in stay the person's own choice."""

from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope
from web_admin.api.schemas import NewPerson, PeopleOut, PeopleQuery, PersonEdit, PersonOut
from web_admin.compound.models import Person
from web_admin.people.actions import add_person, edit_person, move_out
from web_admin.people.listings import people_after

bp = blueprint("people", "Whoever may pass.")


@bp.get("/people")
@needs_scope("people:read")
@bp.arguments(PeopleQuery, location="query")
@bp.response(200, PeopleOut)
def list_people(query: dict[str, object]) -> dict[str, object]:
    """List people in the order of their ids, of one home or of all, without those who moved out."""
    act, limit = api_action(), int(str(query["limit"]))
    rows = people_after(
        act.session,
        act.site_id,
        str(query["after"]),
        limit,
        home_id=str(query["home_id"] or ""),
        with_ended=bool(query["with_ended"]),
    )
    people = [_shown(row) for row in rows]
    return {"people": people, "after": rows[-1].person_id if len(rows) == limit else None}


@bp.post("/people")
@needs_scope("people:write")
@bp.arguments(NewPerson)
@bp.response(201, PersonOut)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def make_person(body: dict[str, str]) -> dict[str, object]:
    """Add a person who may pass every lane at all times, by card until they choose otherwise."""
    with acting() as act:
        return _shown(
            add_person(
                act,
                display_name=body["name"],
                home_id=body["home_id"],
                kind=body["kind"],
                language=body["language"],
            )
        )


@bp.get("/people/<person_id>")
@needs_scope("people:read")
@bp.response(200, PersonOut)
@bp.alt_response(404, description="There is no such person.")
def show_person(person_id: str) -> dict[str, object]:
    """Show one person."""
    return _shown(found_or_404(Person, person_id))


@bp.patch("/people/<person_id>")
@needs_scope("people:write")
@bp.arguments(PersonEdit)
@bp.response(200, PersonOut)
@bp.alt_response(404, description="There is no such person.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def correct_person(body: dict[str, object], person_id: str) -> dict[str, object]:
    """Correct a person's name, language or whether gates wait longer; before and after are on record."""
    row = found_or_404(Person, person_id)
    with acting() as act:
        edit_person(
            act,
            person_id,
            display_name=str(body.get("name", row.display_name)),
            language=str(body.get("language", row.language)),
            slow_pass=bool(body.get("slow_pass", row.slow_pass)),
        )
    return _shown(row)


@bp.post("/people/<person_id>/move-out")
@needs_scope("people:write")
@bp.response(200, PersonOut)
@bp.alt_response(404, description="There is no such person.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
@bp.alt_response(422, description="The person has moved out already.")
def let_move_out(person_id: str) -> dict[str, object]:
    """End everything a person has here at once: cards, PIN, codes, passes, face."""
    row = found_or_404(Person, person_id)
    with acting() as act:
        move_out(act, person_id)
    return _shown(row)


def _shown(row: Person) -> dict[str, object]:
    return {
        "person_id": row.person_id,
        "name": row.display_name,
        "home_id": row.home_id,
        "kind": row.kind,
        "language": row.language,
        "slow_pass": row.slow_pass,
        "suspended": row.suspended,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }
