"""What the demo company did: plausible activities for each of its days, the same ones for the same day every time."""

import functools
import math
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.demo.company import PEOPLE, REWARDED, UNKNOWN_EMAILS, UNMAPPED, Kind, Person

WEEKDAYS = (0.90, 1.10, 1.15, 1.05, 0.85, 0.30, 0.04)
"""Monday to Sunday, as parts of an average working day."""
GROWTH = (0.80, 1.25)
"""The part of an average day's work done on the first and on the last day."""
DAYS_OFF = 0.04
LEAST_OF_TODAY = 12
OPENING, BUSIEST, CLOSING = 8.0, 10.5, 19.0
"""Hours of the day."""

FIRST_NAMES = "Adriana Caio Clara Daniel Eduarda Felipe Helena Igor Isabela Leandro Luiza Mateus Renata Vinicius"
LAST_NAMES = "Araujo Barros Cardoso Dias Freitas Moraes Nunes Pinto Ramos Teixeira Vieira"
PROPERTIES = ("Apto Moema", "Apto Vila Mariana", "Casa Morumbi", "Cobertura Pinheiros", "Studio Consolação")


def history(days: int, *, until: datetime, zone: ZoneInfo) -> Iterator[list[dict[str, Any]]]:
    """The activities of each of the last `days` days, as items of `sync_activities`; none is later than `until`.

    The last day is the one of `until` on the calendar of `zone`, and never empty, whatever the hour.
    """
    today = until.astimezone(zone).date()
    for ago in range(days - 1, -1, -1):
        growth = GROWTH[1] - (GROWTH[1] - GROWTH[0]) * ago / days
        day = _Day(today - timedelta(days=ago), growth, zone)
        items = day.activities()
        if ago == 0:
            items = [item for item in items if datetime.fromisoformat(item["occurred_at"]) <= until]
            items += day.early_birds(LEAST_OF_TODAY - len(items), until)
        yield sorted(items, key=lambda item: item["occurred_at"])


class _Day:
    """One day's work. Its dice are thrown anew from the date, so that a day doesn't depend on the others."""

    def __init__(self, day: date, growth: float, zone: ZoneInfo) -> None:
        self.day, self.growth, self.zone = day, growth, zone
        self.dice = random.Random(f"horizonte {day}")  # noqa: S311 - a demo's dice guard nothing
        self.count = 0

    def activities(self) -> list[dict[str, Any]]:
        items = [self._item(kind, person.email, self._hour()) for person in PEOPLE for kind in self._work_of(person)]
        if self.day.isoweekday() <= 5 and self.dice.random() < 0.3:
            items.append(self._item(REWARDED[0], self.dice.choice(UNKNOWN_EMAILS), self._hour()))
        return items

    def early_birds(self, count: int, until: datetime) -> list[dict[str, Any]]:
        """`count` activities between midnight and `until`, for a demo that is loaded before anybody works."""
        local = until.astimezone(self.zone)
        hours = local.hour + local.minute / 60
        calls, mails = REWARDED[0], REWARDED[5]
        return [
            self._item(self.dice.choice([calls, mails]), self.dice.choice(PEOPLE).email, self.dice.uniform(0, hours))
            for _place in range(count)
        ]

    def _work_of(self, person: Person) -> Iterator[Kind]:
        is_off = self.dice.random() < DAYS_OFF
        mood = self.dice.uniform(0.7, 1.3)
        share = person.strength * WEEKDAYS[self.day.weekday()] * self.growth * mood
        for kind in (*REWARDED, *UNMAPPED):
            for _time in range(0 if is_off else self._poisson(kind.daily * share * _leaning(person, kind))):
                yield kind

    def _item(self, kind: Kind, email: str, hour: float) -> dict[str, Any]:
        self.count += 1
        occurred_at = datetime.combine(self.day, time(), self.zone) + timedelta(minutes=int(hour * 60))
        return {
            "activity_code": kind.code,
            "external_id": f"crm-{self.day:%Y%m%d}-{self.count:04d}",
            "collaborator_email": email,
            "data": {"client_name": self._client(), **self._details(kind.code)},
            "occurred_at": occurred_at.isoformat(),
        }

    def _details(self, code: str) -> dict[str, Any]:
        dice = self.dice
        match code:
            case "001":
                outcome = dice.choice(["interested", "no_answer", "no_answer", "call_back", "scheduled_meeting"])
                minutes = 1 if outcome == "no_answer" else dice.randint(3, 25)
                return {"duration_minutes": minutes, "outcome": outcome}
            case "002":
                return {
                    "meeting_type": dice.choice(["in_person", "video_call"]),
                    "duration_minutes": dice.choice([30, 45, 60]),
                }
            case "003":
                return {**self._property(), "proposal_value": self._price(), "currency": "BRL"}
            case "004":
                return {**self._property(), "contract_value": self._price(), "currency": "BRL"}
            case "005":
                return {**self._property(), "duration_minutes": dice.randint(20, 90)}
            case "007":
                return {
                    "origin": dice.choice(["portal", "website", "referral"]),
                    "budget": self._price(),
                    "currency": "BRL",
                }
            case "020":
                return self._property()
        return {"subject": dice.choice(["New photos", "Financing options", "Documents", "How was the visit?"])}

    def _hour(self) -> float:
        return self.dice.triangular(OPENING, CLOSING, BUSIEST)

    def _client(self) -> str:
        return f"{self.dice.choice(FIRST_NAMES.split())} {self.dice.choice(LAST_NAMES.split())}"

    def _property(self) -> dict[str, str]:
        return {"property": self.dice.choice(PROPERTIES)}

    def _price(self) -> float:
        return self.dice.randrange(280, 1900) * 1000.0

    def _poisson(self, mean: float) -> int:
        count, left, end = 0, self.dice.random(), math.exp(-mean)
        while left > end:
            count, left = count + 1, left * self.dice.random()
        return count


@functools.cache
def _leaning(person: Person, kind: Kind) -> float:
    """Nobody is equally good at everything."""
    return random.Random(f"{person.email} {kind.code}").uniform(0.6, 1.4)  # noqa: S311
