"""`POST /functions/v1/default-integration`: through this endpoint any CRM syncs its team and its activities."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from integrations.default.payload import activities_of, people_of, refusal_of
from missions.recording import record_activities
from missions.sources import DEFAULT
from salesos.api.errors import ValidationFailed
from salesos.api.views import ApiView
from salesos.people import SentPerson, sync_people
from salesos.request_log import entry_of
from salesos.scopes import Scope


class DefaultIntegrationView(ApiView):
    """Two actions, told apart by the body's `action`."""

    scopes = {"POST": Scope.DEFAULT_SYNC}

    def post(self, request: Request) -> HttpResponse:
        body = self.json_body()
        if not isinstance(body, dict):
            raise ValidationFailed("Invalid body", details=[{"field": "body", "message": "Required JSON object"}])
        match body.get("action"):
            case "sync_collaborators" as action:
                sync = self._sync_collaborators
            case "sync_activities" as action:
                sync = self._sync_activities
            case _:
                row = {"field": "action", "message": 'Required "sync_collaborators" or "sync_activities"'}
                raise ValidationFailed("Invalid action", details=[row])
        entry = entry_of(request._request)
        entry.action = action
        outcome = sync(body)
        entry.counts = {name: len(value) if isinstance(value, list) else value for name, value in outcome.items()}
        return self.answer(outcome)

    def _sync_collaborators(self, body: dict[str, Any]) -> dict[str, Any]:
        people = people_of(body)
        synced = iter(sync_people([person for person in people if isinstance(person, SentPerson)]))
        created, existing, errors = 0, 0, []
        for item, person in zip(body["collaborators"], people, strict=True):
            if isinstance(person, str):
                errors.append(person)
                continue
            result = next(synced)
            created += result.outcome == "created"
            existing += result.outcome == "existing"
            if result.outcome == "refused":
                errors.append(refusal_of(item, result.reason))
        return {"created": created, "existing": existing, "errors": errors, "total": len(people)}

    def _sync_activities(self, body: dict[str, Any]) -> dict[str, Any]:
        entry = entry_of(self.request._request)
        sent, errors = activities_of(body, zone=self.key.tenant.zone, at=entry.at, request_id=entry.id)
        recorded = record_activities(DEFAULT, sent)
        return {**recorded._asdict(), "errors": errors, "total": len(sent) + len(errors)}
