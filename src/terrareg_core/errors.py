"""The domain's error family: every refusal and failure that a use case or a port may raise.

An adapter for people or programs (HTTP, command line) maps these classes to its own answers in one table; the message
of each is one sentence that says what to do and may be shown to the caller.
"""


class RegistryError(Exception):
    """Base of everything the registry raises on purpose.

    `message` is one sentence, safe to show: it never holds a secret, a stack trace or a path of the server.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        # Members of the family are made of different arguments; a copy from another process is restored, not made.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[RegistryError], arguments: tuple[object, ...], state: dict[str, object]) -> RegistryError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


# --- who may -----------------------------------------------------------------------------------------------------


class AccessDenied(RegistryError):
    """The caller may not do this; whether the object exists is not revealed."""


class AuthenticationRequired(AccessDenied):
    """The caller is anonymous, and anonymous callers may not do this."""


class PermissionDenied(AccessDenied):
    """The caller is known, and lacks the right."""


class TooManyFailures(RegistryError):
    """Wrong credentials came from this address too often of late; `retry_after` is in seconds (decision 31)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many wrong credentials came from your address; try again in {retry_after} seconds")
        self.retry_after = retry_after


class CrossSiteRequest(RegistryError):
    """A browser's session was used without proof that the registry's own page did so (chapter 04, 6)."""


class SignInUnavailable(RegistryError):
    """An identity provider can't be reached or is misconfigured, or this way to sign in is not offered."""


class SignInRefused(RegistryError):
    """Somebody came back from an identity provider without having proved who they are."""


class SignInNotStarted(RegistryError):
    """Somebody came back from an identity provider without having been sent there, or for the second time."""


class AnalyticsTokenRequired(RegistryError):
    """A download without the analytics token that the registry asks of its consumers (chapter 06, 2.3).

    The message is the readable text that the terraform CLI prints verbatim.
    """


class InvalidPresignedKey(RegistryError):
    """A pre-signed archive key is missing, altered, expired or made for another address; all are reported alike."""


# --- what does not exist -----------------------------------------------------------------------------------------


class NotFound(RegistryError):
    """Something that was addressed does not exist."""


class NamespaceNotFound(NotFound):
    """No namespace and no redirect has this name."""

    def __init__(self) -> None:
        super().__init__("Namespace does not exist")


class ModuleProviderNotFound(NotFound):
    """No module provider and no redirect has this address."""

    def __init__(self) -> None:
        super().__init__("Module provider does not exist")


class ModuleVersionNotFound(NotFound):
    """The module provider has no such version (or, where the latest was asked for, none)."""

    def __init__(self) -> None:
        super().__init__("Module version does not exist")


class GitProviderNotFound(NotFound):
    """No git provider that can be chosen has this id."""

    def __init__(self) -> None:
        super().__init__("Git provider does not exist")


class ProviderSourceNotFound(NotFound):
    """No provider source of this name is configured."""

    def __init__(self) -> None:
        super().__init__("Provider source does not exist")


class TargetNamespaceNotFound(NotFound):
    """The namespace that something is to be moved to does not exist, or the caller may not put it there."""

    def __init__(self) -> None:
        super().__init__("The namespace to move to does not exist, or you may not create module providers in it")


class PartNotFound(NotFound):
    """The version has no submodule or example, as was asked for, under this path."""

    def __init__(self) -> None:
        super().__init__("The module version has no such submodule or example")


class DocumentNotFound(NotFound):
    """The version has no document of this name beside its README."""

    def __init__(self) -> None:
        super().__init__("Module version file does not exist")


class ExampleFileNotFound(NotFound):
    """No example of the version has this file."""

    def __init__(self) -> None:
        super().__init__("Example file does not exist")


class NotOffered(NotFound):
    """What is asked for is not set up in this registry."""

    def __init__(self) -> None:
        super().__init__("This is not set up here")


class ArchiveNotFound(NotFound):
    """The version has no stored archive."""

    def __init__(self) -> None:
        super().__init__("No archive is stored for this module version")


class EmptyPage(NotFound):
    """A list whose page holds nothing, on an endpoint that answers "not found" then (chapter 01, 4.3)."""

    def __init__(self) -> None:
        super().__init__("Nothing was found")


class UserGroupNotFound(NotFound):
    """No user group has this name."""

    def __init__(self) -> None:
        super().__init__("User group does not exist")


class PermissionNotFound(NotFound):
    """The user group has no permission on the namespace."""

    def __init__(self) -> None:
        super().__init__("The user group has no permission on this namespace")


class AccessTokenNotFound(NotFound):
    """The caller has no access token of this id."""

    def __init__(self) -> None:
        super().__init__("Access token does not exist")


# --- what the caller can mend ------------------------------------------------------------------------------------


class InvalidRequest(RegistryError):
    """The request is wrong in a way that its sender can mend; nothing was changed."""


class InvalidIdentifier(InvalidRequest):
    """A namespace, module, provider or display name breaks the rule for names (chapter 02, 2)."""


class ProviderNotAllowed(InvalidIdentifier):
    """The provider name is valid but not among those this registry allows."""


class InvalidVersion(InvalidRequest):
    """A version text breaks the grammar (chapter 01, 2.2)."""


class NameTaken(InvalidRequest):
    """The name, in any casing, belongs to something else."""


class NotEmpty(InvalidRequest):
    """The object still holds others and can't be deleted."""


class RedirectNotFound(InvalidRequest):
    """No redirect with this id leads to the module provider."""

    def __init__(self) -> None:
        super().__init__("This module provider has no such redirect")


class RedirectInUse(InvalidRequest):
    """A redirect is still being used to download, and is not deleted for that."""


class ForcedDeletionDisabled(InvalidRequest):
    """Redirects that are in use are never deleted here."""

    def __init__(self) -> None:
        # The web pages offer to retry with `force` when they see that word, so it is not in here.
        super().__init__("This registry does not delete redirects without regard to their use")


class InvalidArchive(InvalidRequest):
    """The uploaded file is no archive that may be unpacked: damaged, hostile, or beyond the bounds."""


class InvalidSource(InvalidRequest):
    """A module's source text (HCL, JSON, metadata) can't be read.

    `path` is below the module root; `line` counts from 1, or is None where the whole file is meant.
    """

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason}"[:3900])
        self.path = path
        self.line = line
        self.reason = reason


class InvalidModule(InvalidRequest):
    """The archive was unpacked, but what it holds can't be published (module root missing, metadata incomplete)."""


class ReindexProhibited(InvalidRequest):
    """The version exists, and this registry never replaces a version."""


class NoRepository(InvalidRequest):
    """The module provider has no clone URL, neither its own nor a git provider's, to import from."""

    def __init__(self) -> None:
        super().__init__("This module provider has no clone URL; set one, or choose a git provider, in its settings")


class InvalidPayload(InvalidRequest):
    """What a git host sent lacks what its events have, or tells of too much."""


class InvalidArgument(RegistryError):
    """One argument of a request does not convert; `argument` is its name as the client wrote it."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(message)
        self.argument = argument


class ModuleProviderExists(RegistryError):
    """A module provider, or a redirect, has this address already."""

    def __init__(self) -> None:
        super().__init__("A module provider or a redirect of this name exists already; choose another name")


class InvalidPermission(RegistryError):
    """What a user group is to be given is no permission."""

    def __init__(self) -> None:
        super().__init__("permission_type must be FULL or MODIFY")


class PermissionExists(RegistryError):
    """The user group has a permission on the namespace already."""

    def __init__(self) -> None:
        super().__init__("The user group has a permission on this namespace already; delete it to give another one")


class InvalidOAuthRequest(RegistryError):
    """A request of `terraform login` breaks the rules of OAuth 2.0; `code` is the one that the protocol has for it.

    The codes are those of RFC 6749, 4.1.2.1 and 5.2.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UploadDisabled(RegistryError):
    """Modules are not hosted here, so none can be uploaded."""

    def __init__(self) -> None:
        super().__init__("Module upload is disabled.")


# --- what fails on our side or beyond ----------------------------------------------------------------------------


class RegistryFailure(RegistryError):
    """The request was in order, and the registry or what it depends on failed."""


class NoDownloadMethod(RegistryFailure):
    """Neither hosting nor a repository gives this version a download address."""

    def __init__(self) -> None:
        super().__init__("This module version has no download method; enable hosting or configure a clone URL")


class HostingDisabled(RegistryFailure):
    """Archives are not served, because modules are not hosted here."""

    def __init__(self) -> None:
        super().__init__("Module hosting is disabled")


class StoreUnavailable(RegistryFailure):
    """The database or the archive store did not answer in time, or refused the work."""


class ReindexingUnderWay(RegistryFailure):
    """Another process, or another thread, is indexing versions again at this moment."""

    def __init__(self) -> None:
        super().__init__("Versions are being indexed again already; wait until that is done")


class AlreadyStored(RegistryError):
    """A port's `add` met a row of the same identity, written by somebody else; the transaction is void.

    Use cases turn it into the refusal that fits, or run the transaction again.
    """


class InvalidUrlTemplate(InvalidRequest):
    """A template for a repository's URL can't be accepted (chapter 02, 8.2)."""


class InvalidGitPath(InvalidRequest):
    """A module's directory in its repository is not one: unknown placeholders, or it leads out (chapter 02, 8.3)."""


class InvalidTagFormat(InvalidRequest):
    """A format of git tags can't be accepted (chapter 02, 8.4)."""


class ForbiddenRepository(InvalidRequest):
    """A repository's URL has a form, scheme, host or address that this registry does not fetch from (decision 29)."""


class InvalidRepository(InvalidRequest):
    """The tag was fetched, but its files have names, or are so many or so large, that they can't be taken."""


class SourceUnavailable(RegistryFailure):
    """A git host, repository or tag is missing, refuses, breaks off, or takes longer or sends more than it may.

    The message never holds credentials (decision 9).
    """
