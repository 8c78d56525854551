"""Table of a site's look, set by its manager; the machine's settings are in web.toml."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from web_admin.core.orm import Base


class SiteLook(Base):
    """Where the office is reached, an accent colour as "#rrggbb", logo and plan as lines (checked SVG)."""

    __tablename__ = "site_look"
    site_id: Mapped[str] = mapped_column(ForeignKey("site.site_id"), primary_key=True)
    office_contact: Mapped[str] = mapped_column(default="")
    accent: Mapped[str | None]
    logo_svg: Mapped[str | None] = mapped_column(Text)
    plan_svg: Mapped[str | None] = mapped_column(Text, deferred=True)
    """The drawing under the map of the gates; larger than what each page reads of the look."""
