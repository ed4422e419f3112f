"""What identities were granted: permissions of user groups on namespaces, and the scopes of access tokens."""

from collections.abc import Mapping
from enum import Enum

import attrs


class NamespacePermission(Enum):
    """What a user group was given on a namespace; FULL includes MODIFY. The values are what clients write."""

    MODIFY = "MODIFY"
    FULL = "FULL"


class TokenScope(Enum):
    """What an access token is for (decision 30); the values are what clients write."""

    READ = "read"
    TERRAFORM = "terraform"
    UPLOAD = "upload"
    PUBLISH = "publish"


@attrs.frozen
class Grants:
    """What the user groups of an identity, and its ownership of GitHub accounts, give it; several add up."""

    site_admin: bool = False
    namespaces: Mapping[int, NamespacePermission] = attrs.field(factory=dict)
    """By namespace id, so that a renamed namespace keeps its permissions."""


@attrs.frozen
class TokenGrant:
    """What an access token is limited to, besides what its owner may do at the time of use."""

    scopes: frozenset[TokenScope]
    namespaces: frozenset[int] | None
    """The ids of the only namespaces that it is good for; None for no such limit, which an empty set is not."""

    def covers(self, scope: TokenScope, namespace_id: int | None) -> bool:
        """Whether the token is good for this in the namespace, or where no namespace is concerned for None."""
        return scope in self.scopes and (self.namespaces is None or namespace_id in self.namespaces)
