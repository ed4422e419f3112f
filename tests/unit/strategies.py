"""Hypothesis strategies for the domain's values."""

import string
from datetime import timedelta

from hypothesis import strategies as st

from terrareg_adapters.memory.clock import FixedClock
from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.audit.queries import AuditColumn, AuditQuery

_ALNUM = string.ascii_letters + string.digits


def _joined(inner: str) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(_ALNUM), st.text(inner, max_size=20), st.sampled_from(_ALNUM)).map("".join)


namespace_names = _joined(_ALNUM + "-_").filter(lambda name: "__" not in name)
module_names = _joined(_ALNUM + "-_")
provider_names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
numbers = st.integers(0, 10**6)
suffixes = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
release_texts = st.tuples(numbers, numbers, numbers).map(lambda parts: ".".join(map(str, parts)))
version_texts = st.one_of(release_texts, st.tuples(release_texts, suffixes).map("-".join))
"""Few different numbers make orderings interesting; see `close_version_texts`."""
close_version_texts = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.sampled_from(["", "-a", "-rc1", "-rc2", "-rc10", "-1"])
).map(lambda parts: f"{parts[0]}.{parts[1]}.0{parts[2]}")
tokens = st.text(_ALNUM + "-_", min_size=1, max_size=30).filter(
    lambda token: "__" not in token and not token.endswith("_")
)

_AUDIT_ALPHABET = "abAB%_\\'\" éÉİßẞσΣς\u0301\U0001f600\ufffd"
_audit_texts = st.none() | st.text(_AUDIT_ALPHABET, max_size=5)
audit_events = st.builds(
    AuditEvent,
    timestamp=st.sampled_from([FixedClock().now() + timedelta(microseconds=number) for number in range(3)]),
    username=_audit_texts,
    action=st.sampled_from([AuditAction.NAMESPACE_CREATE, AuditAction.NAMESPACE_DELETE, AuditAction.USER_LOGIN]),
    object_id=_audit_texts,
    old_value=_audit_texts,
    new_value=_audit_texts,
)
"""Few different moments, actions and characters make ties, and those that databases treat differently."""
audit_filters = st.text(_AUDIT_ALPHABET, max_size=2) | st.sampled_from(["", "user", "_DELETE", "NameSpace_", "space"])
audit_queries = st.builds(
    AuditQuery,
    start=st.integers(0, 6),
    length=st.integers(0, 6),
    search=audit_filters,
    column=st.sampled_from(AuditColumn),
    descending=st.booleans(),
)
