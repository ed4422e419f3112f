"""Documents made in worker processes equal those made in this one, and what can't be rendered comes back escaped."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.markdown.documents import MistuneDocuments
from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_adapters.workers.rendering import (
    HELP_TEXT,
    PLAIN_TEXT,
    RENDER_FILE,
    RENDER_PART,
    RENDER_SOURCE,
    PooledDocuments,
)
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.documents import PartTexts
from terrareg_core.modules.slots import SourceSlot
from tests.integration.workers.conftest import REAL_JOBS
from tests.integration.workers.jobs import fail, gorge, hang, job, vanish

README = '# Title\n\nSome *text* with <b>markup</b> and <script>alert(1)</script>.\n\n```\nsource = "./"\n```\n'
ATTACK = "<script>alert(1)</script> & <b onclick='x'>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b onclick='x'&gt;"


@settings(max_examples=40, deadline=None)
@given(text=st.sampled_from([README, ATTACK, "", "\ud800 & \0"]) | st.text(max_size=60))
def test_every_text_comes_out_as_it_does_in_this_process(real_pool: WorkerPool, text: str) -> None:
    pooled, own = PooledDocuments(real_pool), MistuneDocuments()
    texts = PartTexts("examples/one", text, [text, None], [text], [text])
    assert pooled.part(texts) == own.part(texts)
    for name in ("CHANGES.md", "LICENSE"):
        assert pooled.file(name, text) == own.file(name, text)
    assert pooled.source(text, "a/b") == own.source(text, "a/b")
    assert pooled.plain_text(text) == own.plain_text(text)
    assert pooled.help_text(text) == own.help_text(text)


def test_a_source_line_of_a_readme_becomes_a_slot(real_pool: WorkerPool) -> None:
    readme = PooledDocuments(real_pool).part(PartTexts("examples/one", README, (), (), ())).html.readme
    assert readme is not None
    assert [piece for piece in readme if isinstance(piece, SourceSlot)] == [SourceSlot("examples/one", "", " ")]
    assert "slot" not in "".join(piece for piece in readme if isinstance(piece, str))


@pytest.fixture(params=[job(hang), job(gorge), job(vanish), job(fail)], ids=["hang", "gorge", "vanish", "fail"])
def failing(request: pytest.FixtureRequest) -> Iterator[PooledDocuments]:
    deed: Job = request.param
    jobs = dict.fromkeys((RENDER_PART, RENDER_FILE, RENDER_SOURCE, PLAIN_TEXT, HELP_TEXT), deed)
    with WorkerPool(jobs, workers=1, timeout=0.5, memory=64 << 20) as pool:
        yield PooledDocuments(pool)


def test_what_a_worker_can_not_do_comes_back_escaped_as_a_whole(failing: PooledDocuments) -> None:
    rendered = failing.part(PartTexts("", ATTACK, [ATTACK, None], [ATTACK], [ATTACK]))
    assert rendered.html.readme == (f"<pre>{ESCAPED}</pre>",)
    assert rendered.safe.readme == ESCAPED
    assert list(rendered.html.input_descriptions) == list(rendered.safe.input_descriptions) == [ESCAPED, None]
    assert list(rendered.safe.provider_names) == [ESCAPED]
    assert failing.file("README.md", ATTACK) == f"<pre>{ESCAPED}</pre>"
    assert failing.source(ATTACK, "") == (ESCAPED,)
    assert failing.help_text(ATTACK) == ESCAPED
    assert list(failing.plain_text(ATTACK)) == []


def test_a_closed_pool_makes_rendering_impossible_instead_of_wrong() -> None:
    with WorkerPool(REAL_JOBS, workers=1) as pool:
        documents = PooledDocuments(pool)
    with pytest.raises(StoreUnavailable):
        documents.help_text("text")
