"""The door: who a request comes from, and whether it is worth reading on (chapter 04, 1 and 2; decision 31)."""

import attrs

from terrareg_core.access.authentication import Authenticator, Caller, Credentials
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.access.ports import FailureKind
from terrareg_core.access.throttling import FailureThrottle


@attrs.frozen
class Admission:
    """Lets callers in, or not; use cases ask for themselves what a caller may do with what it addresses."""

    _authenticator: Authenticator
    _authoriser: Authoriser
    _throttle: FailureThrottle

    def admit_at_once(self, credentials: Credentials, capability: Capability | None) -> Caller | None:
        """As `admit`, without any I/O; None where it takes some."""
        if self._authenticator.asks_store(credentials):
            return None
        caller = self._authenticator.identify(credentials)
        if caller.has_failed:
            return None
        if capability is not None:
            self._authoriser.permit_somewhere(caller.identity, capability)
        return caller

    def admit(self, credentials: Credentials, client: str, capability: Capability | None) -> Caller:
        """The caller, if it has `capability` somewhere; `client` is the address that it comes from.

        Raises TooManyFailures for wrong credentials, AccessDenied, StoreUnavailable.
        """
        caller = self._authenticator.identify(credentials)
        if caller.has_failed:
            kinds = [FailureKind.CREDENTIAL]
            if capability is Capability.BUILT_IN_ADMIN:
                kinds.append(FailureKind.ADMIN_LOGIN)
            self._throttle.note(client, kinds)
        if capability is not None:
            self._authoriser.permit_somewhere(caller.identity, capability)
        return caller
