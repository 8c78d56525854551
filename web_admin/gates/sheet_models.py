"""Table of lane sheets: the draft, and the live version."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base

_Sheet = JSON(none_as_null=True)


class LaneSheetRow(Base):
    """A lane's sheet. `draft` and `live` are `lane_sheet.LaneSheet` as JSON, None where there is none.

    `inherited`: the lane was there before there were sheets, so it stays live, without face, until one
    is put live.
    """

    __tablename__ = "lane_sheet"
    lane_id: Mapped[str] = mapped_column(ForeignKey("lane.lane_id"), primary_key=True)
    inherited: Mapped[bool] = mapped_column(default=False)
    draft: Mapped[dict[str, Any] | None] = mapped_column(_Sheet)
    drafted_at: Mapped[datetime | None]
    live: Mapped[dict[str, Any] | None] = mapped_column(_Sheet)
    live_at: Mapped[datetime | None]
    live_author_id: Mapped[str | None]
