"""Forms of the phone that are sent twice."""

from sqlalchemy import func, select

from tests.support.compounds.resident import Compound, csrf_of
from web_admin.compound.models import CredentialRow


def form_of(page: str, path: str) -> dict[str, str]:
    """Return the tokens of one form of a page, its own and the session's."""
    form = page.partition(f'action="{path}"')[2].partition("</form>")[0]
    once = form.partition('name="once" value="')[2].partition('"')[0]
    assert once
    return {"csrf_token": csrf_of(form), "once": once}


def shown(page: str, mark: str) -> str:
    return page.partition(f"{mark}>")[2].partition("<")[0]


def made(compound: Compound, kind: str) -> int:
    """Return how many credentials of a kind were ever made."""
    with compound.session() as session:
        return session.scalars(
            select(func.count()).select_from(CredentialRow).where(CredentialRow.kind == kind)
        ).one()
