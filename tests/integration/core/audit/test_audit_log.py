"""The audit log, through its route."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.http import routes
from core.audit.model import AuditAction
from core.audit.queries import AuditLog
from core.clock import SystemClock
from core.database.engine import Database
from core.errors import PermissionDenied
from core.http.failures import RequestInvalid
from core.identity.roles import Permission, Role
from core.ids import new_uuid
from tests.integration.core.calling import Api, user_of

SECURITY = user_of(Role.SECURITY_ADMIN)


@pytest.fixture
def api(database: Database) -> Api:
    return Api(routes(AuditLog(database), SystemClock()))


async def test_records_are_listed_newest_first_and_filtered(api: Api, database: Database) -> None:
    someone, other, thing = user_of(Role.TECHNICIAN_L1), user_of(Role.TECHNICIAN_L2), new_uuid()
    for actor, action in ((someone, AuditAction.CREATE), (other, AuditAction.UPDATE)):
        async with database.begin(actor) as work:
            work.audit(action, "gadget", thing, old={"a": 1}, new={"a": 2})
            work.audit(action, "widget", new_uuid())
            now = work.now
    path = f"GET /api/v1/audit?entity_id={thing}"
    found = await api.call(SECURITY, path)
    assert [each["attributes"]["action"] for each in found["data"]] == ["UPDATE", "CREATE"]
    first = found["data"][0]
    assert first["attributes"]["changes"] == {"old": {"a": 1}, "new": {"a": 2}}
    assert first["attributes"]["ip_address"] == "192.0.2.7"
    assert first["relationships"]["user"]["data"]["id"] == str(other.user_id)
    assert (await api.call(SECURITY, "GET /api/v1/audit?entity_type=widget"))["meta"]["total"] == 2
    assert (await api.call(SECURITY, f"GET /api/v1/audit?user_id={someone.user_id}"))["meta"]["total"] == 2
    second = await api.call(SECURITY, f"{path}&limit=1&page=2")
    assert (second["data"], second["meta"]["total"]) == ([found["data"][1]], 2)
    at = now.isoformat().replace("+00:00", "Z")
    later = (now + timedelta(microseconds=1)).isoformat().replace("+00:00", "Z")
    assert (await api.call(SECURITY, f"{path}&after={at}"))["data"] == [first]
    assert (await api.call(SECURITY, f"{path}&before={at}"))["meta"]["total"] == 1
    assert (await api.call(SECURITY, f"{path}&after={later}"))["data"] == []


@pytest.mark.parametrize("role", [role for role in Role if Permission.AUDIT_VIEW not in user_of(role).permissions])
async def test_others_do_not_read_the_audit_log(api: Api, role: Role) -> None:
    customer_id = new_uuid() if role.is_customer else None
    with pytest.raises(PermissionDenied):
        await api.call(user_of(role, customer_id), "GET /api/v1/audit")


@pytest.mark.parametrize("query", ["entity_id=1", "after=yesterday", "limit=1000", "secret=1"])
async def test_a_query_that_means_nothing_is_refused(api: Api, query: str) -> None:
    with pytest.raises(RequestInvalid):
        await api.call(SECURITY, f"GET /api/v1/audit?{query}")
