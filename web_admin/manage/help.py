"""Pages of the guide: what the documentation says to staff, in their language and without a network."""

from flask import Blueprint, render_template, url_for

from web_admin.accounts.permissions import allowed
from web_admin.web.guide import GUIDE, LANE_SHEET
from web_admin.web.guide_places import text_in
from web_admin.web.language import page_language

bp = Blueprint("help", __name__, url_prefix="/manage/help")


@bp.get("/")
@allowed("own_account")
def show() -> str:
    return render_template("manage/help.html", guide=text_in(GUIDE, page_language()))


@bp.get("/lane-sheet")
@allowed("own_account")
def lane_sheet() -> str:
    """Show what a lane sheet asks for and how it is measured."""
    return render_template(
        "manage/help.html", guide=text_in(LANE_SHEET, page_language()), back=url_for("help.show")
    )
