"""Routes by which gates fetch signed versions of their program: files, as the makers signed them."""

from flask import Response, send_from_directory

from gate_controller.contract.updates import UPDATES_PATH
from web_admin.core.database import current_menjin
from web_admin.sync.requests import check_signed_get, gates_blueprint
from web_admin.updates.repository import metadata_folder, targets_folder

bp = gates_blueprint("sync_updates", url_prefix=UPDATES_PATH.rstrip("/"))


@bp.get("/metadata/<name>")
def metadata(name: str) -> Response:
    """Send a file of signed metadata to a paired gate."""
    check_signed_get()
    return send_from_directory(metadata_folder(current_menjin().config.data_dir), name)


@bp.get("/targets/<path:name>")
def target(name: str) -> Response:
    """Send a wheel, or the list of those of a version, to a paired gate."""
    check_signed_get()
    return send_from_directory(targets_folder(current_menjin().config.data_dir), name)
