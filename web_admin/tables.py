"""Import every module that declares tables, so that `METADATA` is complete for backups and Alembic."""

# ruff: noqa: F401 - each is imported for its tables

import web_admin.access_review.models
import web_admin.accounts.models
import web_admin.accounts.session_models
import web_admin.alarms.models
import web_admin.calls.models
import web_admin.compound.models
import web_admin.compound.place_models
import web_admin.compound.policy_models
import web_admin.compound.restore_models
import web_admin.compound.suspension_models
import web_admin.core.health_models
import web_admin.core.job_models
import web_admin.core.limit_models
import web_admin.core.once
import web_admin.credentials.models
import web_admin.custody.models
import web_admin.desk.models
import web_admin.face.models
import web_admin.gates.models
import web_admin.gates.sheet_models
import web_admin.journal.models
import web_admin.messages.models
import web_admin.messages.push_models
import web_admin.messages.subscription_models
import web_admin.people.models
import web_admin.people.print_models
import web_admin.privacy.models
import web_admin.settings.models
import web_admin.updates.models
import web_admin.visitors.models
from web_admin.core.orm import Base

METADATA = Base.metadata
