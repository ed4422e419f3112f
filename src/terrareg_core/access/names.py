"""The user names of callers who are nobody's person, which the audit history shows (chapter 04, 2.1)."""

BUILT_IN_ADMIN = "Built-in admin"
UPLOAD_KEY = "Upload API Key"
PUBLISH_KEY = "Publish API Key"
TERRAFORM_TOKEN = "Terraform CLI User"  # noqa: S105 - a name
ANALYTICS_KEY = "Terraform deployment analytics token"
IGNORE_ANALYTICS_KEY = "Terraform ignore analytics token"
INTERNAL_EXTRACTION = "Terraform internal extraction"
ANONYMOUS = "Unauthenticated User"

_OURS = frozenset(
    name.casefold()
    for name in (
        *(BUILT_IN_ADMIN, UPLOAD_KEY, PUBLISH_KEY, TERRAFORM_TOKEN),
        *(ANALYTICS_KEY, IGNORE_ANALYTICS_KEY, INTERNAL_EXTRACTION, ANONYMOUS),
    )
)


def is_ours(name: str) -> bool:
    """Whether people would take this for one of these names."""
    return name.strip().casefold() in _OURS
