"""The handler of the audit history (chapter 04, 12.3)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.audit import AuditArguments, AuditHistoryPage


async def show_audit_history(call: Call, arguments: AuditArguments) -> Response:
    """Show who changed what and when, a page at a time."""
    page = await call.run(call.registry.audit.page, call.identity, arguments.query)
    return json_response(AuditHistoryPage.of(page, arguments.draw))
