"""Who changes leads and deals: an API key, a user, or the system itself; as the history keeps them."""

from dataclasses import dataclass

from leads.models.history import ActorKind
from salesos.models import ApiKey, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Kept as words: neither a revoked key nor a renamed user changes what was done."""

    kind: ActorKind
    id: str
    name: str

    @classmethod
    def of_key(cls, key: ApiKey) -> "Actor":
        return cls(ActorKind.API_KEY, key.key_id, key.name)

    @classmethod
    def of_user(cls, user: User) -> "Actor":
        return cls(ActorKind.USER, str(user.pk), str(user)[:255])

    @classmethod
    def of_system(cls, name: str) -> "Actor":
        """Something without anybody behind it; `name` says what: a command, an import."""
        return cls(ActorKind.SYSTEM, "", name[:255])

    @property
    def columns(self) -> dict[str, str]:
        return {"actor_kind": self.kind.value, "actor_id": self.id, "actor_name": self.name}
