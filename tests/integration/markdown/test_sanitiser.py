"""What the two allow-lists keep, drop and escape in text that stays Markdown (chapter 03, 19.2)."""

from collections.abc import Callable

import pytest

from terrareg_adapters.markdown.renderer import MistuneRenderer

RENDERER = MistuneRenderer()
BOTH = pytest.mark.parametrize("sanitise", [RENDERER.sanitise_text, RENDERER.sanitise_markdown])
Sanitise = Callable[[str], str]


@BOTH
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("**bold** and `code`", "**bold** and `code`"),
        ('says "yes"', 'says "yes"'),
        ("a < b > c & d", "a &lt; b &gt; c &amp; d"),
        ("> quoted", "&gt; quoted"),
        ("AT&T; &nope; &", "AT&amp;T; &amp;nope; &amp;"),
        ("&lt;b&gt; &copy; &#42; &#x2A;", "&lt;b&gt; &copy; &#42; &#x2A;"),
        ("Deploys <your-name>", "Deploys &lt;your-name&gt;"),
        ("<https://x.y>", "&lt;https://x.y&gt;"),
        ("list(object({ a = map<b }))", "list(object({ a = map&lt;b }))"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_text_keeps_its_meaning(sanitise: Sanitise, text: str, expected: str) -> None:
    assert sanitise(text) == expected


@BOTH
@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a <b>c</b>", "a <b>c</b>"),
        ("<B CLASS=x>c</B >", "<b>c</b>"),
        ("<abbr title='a &amp; <b> \"q\"'>c</abbr>", '<abbr title="a &amp; &lt;b&gt; &quot;q&quot;">c</abbr>'),
        ("<a href=/x#y title=t onclick=z>c</a>", '<a href="/x#y" title="t">c</a>'),
        ("<a href='mailto:a@b.c'>c</a>", '<a href="mailto:a@b.c" rel="noopener nofollow">c</a>'),
        ("<a href='ftp://x.y'>c</a>", "<a>c</a>"),
        ("<a href='?a=1&copy=2'>c</a>", '<a href="?a=1&amp;copy=2">c</a>'),
    ],
)
def test_allowed_tags_survive_with_their_allowed_attributes(sanitise: Sanitise, html: str, expected: str) -> None:
    assert sanitise(html) == expected


@BOTH
def test_comments_are_removed(sanitise: Sanitise) -> None:
    assert sanitise("a<!-- BEGIN_TF_DOCS -->b<!---->c<!-->d") == "abcd"


@BOTH
def test_a_comment_that_never_ends_stays_visible(sanitise: Sanitise) -> None:
    assert sanitise("a<!-- b <i>c</i>") == "a&lt;!-- b <i>c</i>"


@BOTH
def test_a_tag_that_never_ends_stays_visible(sanitise: Sanitise) -> None:
    assert sanitise('a <b title="c') == 'a &lt;b title="c'


@BOTH
def test_a_tag_that_is_not_allowed_keeps_its_attributes_in_the_text(sanitise: Sanitise) -> None:
    assert sanitise("<form a='<b>'>x</form>") == "&lt;form a='&lt;b&gt;'&gt;x&lt;/form&gt;"


@BOTH
def test_unclosed_elements_are_closed_and_end_tags_of_nothing_dropped(sanitise: Sanitise) -> None:
    assert sanitise("</i>a <b><em>c</b> d <i>e") == "a <b><em>c</em></b> d <i>e</i>"


@BOTH
@pytest.mark.parametrize("address", ["https://x.y", "HTTP://x.y", "//x.y", "/\\x.y", "\\\\x.y", " https://x.y"])
def test_links_that_leave_the_host_say_so(sanitise: Sanitise, address: str) -> None:
    assert sanitise(f"<a href='{address}'>z</a>") == f'<a href="{address}" rel="noopener nofollow">z</a>'


@BOTH
@pytest.mark.parametrize("address", ["#x", "x/y", "/x", "?x", "x//y"])
def test_links_that_stay_are_left_alone(sanitise: Sanitise, address: str) -> None:
    assert sanitise(f"<a rel=me href='{address}'>z</a>") == f'<a href="{address}">z</a>'


def test_the_plain_list_shows_document_structure_as_text() -> None:
    html = '<p>a</p><h1>b</h1><img src="https://x.y"><br><table>'

    assert RENDERER.sanitise_text(html) == html.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize(
    "html",
    [
        '<h2 id="x">a</h2><p>b<br>c</p><hr>',
        '<a name="x" id="y"></a><img src="x.png" alt="a" title="t" width="1" height="2">',
        '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td align="right">b</td></tr></tbody></table>',
        '<pre><code class="language-hcl">a\n\nb</code></pre>',
        "<details><summary>a</summary><del>b</del><s>c</s><sup>d</sup><sub>e</sub><kbd>f</kbd></details>",
        "<div><span>a</span></div>",
        "<pre>\n\na</pre>",
    ],
)
def test_the_markdown_list_keeps_what_documents_are_made_of(html: str) -> None:
    assert RENDERER.sanitise_markdown(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p><b>a<div>c</div></p>", "<p><b>a</b></p><div>c</div>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
        ),
        ("<table>a<tr><td>b</table>", "a<table><tbody><tr><td>b</td></tr></tbody></table>"),
        ("<table><tr><td><b>a</table>b", "<table><tbody><tr><td><b>a</b></td></tr></tbody></table>b"),
        (
            "<table><tr><td>a<table><tr><td>b</table>c</table>d",
            "<table><tbody><tr><td>a<table><tbody><tr><td>b</td></tr></tbody></table>c</td></tr></tbody></table>d",
        ),
        ("<table><tr></table></p></b>a", "<table><tbody><tr></tr></tbody></table>a"),
        ("<a href=x>b<a href=y>c", '<a href="x">b</a><a href="y">c</a>'),
        ("<h1>a<h2>b", "<h1>a</h1><h2>b</h2>"),
        ("the <td> element", "the &lt;td&gt; element"),
        ("<table><tr><td></b>a</p></td></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
    ],
)
def test_elements_end_where_html_ends_them(html: str, expected: str) -> None:
    assert RENDERER.sanitise_markdown(html) == expected
