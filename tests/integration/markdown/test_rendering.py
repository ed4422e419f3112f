"""Markdown becomes HTML with anchors that work inside the registry's pages (chapter 03, 19.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.markdown.anchors import HeadingIds, slug
from terrareg_adapters.markdown.renderer import RENDERED_MAX, MistuneRenderer
from terrareg_core.modules.descriptions import describe

RENDERER = MistuneRenderer()


def render(markdown: str, file_name: str = "README.md") -> str:
    return RENDERER.render(markdown, file_name)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("**x**", "<p><strong>x</strong></p>"),
        ("Override the *default*", "<p>Override the <em>default</em></p>"),
        ("a\nb", "<p>a\nb</p>"),
        ("a  \nb", "<p>a<br>\nb</p>"),
        ("---", "<hr>"),
        (
            '```hcl\na = "<b>" &amp;\n```',
            '<pre><code class="language-hcl">a = &quot;&lt;b&gt;&quot; &amp;amp;\n</code></pre>',
        ),
        ("~~~\n\na\n~~~", "<pre><code>\na\n</code></pre>"),
        ("- a\n  - b", "<ul>\n<li>a<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("~~a~~", "<p><del>a</del></p>"),
        ("a &copy; &lt;b&gt; & c", "<p>a © &lt;b&gt; &amp; c</p>"),
        ("<script>a()</script>", "&lt;script&gt;a()&lt;/script&gt;"),
        ("for <your-name>", "<p>for &lt;your-name&gt;</p>"),
        ("![i](rel.png)", '<p><img alt="i"></p>'),
        ("![i *j*](https://x.y/z.png 't')", '<p><img src="https://x.y/z.png" alt="i j" title="t"></p>'),
        ("a <img src='rel.png' alt='i'>", '<p>a <img alt="i"></p>'),
        ("[a](https://x.y)", '<p><a href="https://x.y" rel="noopener nofollow">a</a></p>'),
        ("[a](docs/b.md 't')", '<p><a href="docs/b.md" title="t">a</a></p>'),
        ("[a](javascript:b)", "<p><a>a</a></p>"),
        ("<!-- BEGIN -->\n\na", "<p>a</p>"),
        ("a\ud800\x00", "<p>a\ufffd\ufffd</p>"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert render(markdown) == html


def test_tables_keep_alignment_and_the_pipes_of_their_code() -> None:
    assert render("| a | b |\n|:-:|---|\n| `x\\|y` | <b>2</b> |") == (
        '<table>\n<thead>\n<tr>\n<th align="center">a</th>\n<th>b</th>\n</tr>\n</thead>\n'
        '<tbody>\n<tr>\n<td align="center"><code>x|y</code></td>\n<td><b>2</b></td>\n</tr>\n</tbody>\n</table>'
    )


def test_tables_are_tables_within_list_items_too() -> None:
    assert "<td><code>b|c</code></td>" in render("- x\n\n  | a |\n  |---|\n  | `b\\|c` |\n")


def test_headings_get_ids_and_links_lead_to_them() -> None:
    assert render("# Hello World\n\nSee [x](#hello-world) and [y](./README.md#a-b)") == (
        '<h1 id="terrareg-anchor-READMEmd-hello-world">Hello World</h1>\n'
        '<p>See <a href="#terrareg-anchor-READMEmd-hello-world">x</a> and '
        '<a href="#terrareg-anchor-READMEmd-a-b">y</a></p>'
    )


@pytest.mark.parametrize(
    ("heading", "identifier"),
    [
        ("A.B/C: d", "abc-d"),
        ("Hello **World** x", "hello-world-x"),
        ("`code`", "code"),
        ("under\\_score", "under_score"),
        ('<a name="q"></a> In &amp; Out', "in-out"),
        ("[link](https://x.y) text", "link-text"),
        ("überall", "berall"),
    ],
)
def test_the_id_of_a_heading_is_made_of_its_whole_plain_text(heading: str, identifier: str) -> None:
    assert f'<h2 id="terrareg-anchor-READMEmd-{identifier}">' in render(f"## {heading}")


def test_repeated_headings_get_ids_of_their_own() -> None:
    identifiers = re.findall(r'id="terrareg-anchor--([^"]*)"', render("# A\n# a-1\n# A\n# A\n", ""))

    assert identifiers == ["a", "a-1", "a-2", "a-3"]


@pytest.mark.parametrize(
    ("link", "anchor"),
    [
        ("[x](#Input_Name)", "READMEmd-Input_Name"),
        ("[x](#input\\_name)", "READMEmd-input_name"),
        ("[x](#two%20words)", "READMEmd-two-words"),
        ("[x](README.md#y)", "READMEmd-y"),
        ("<a href='#y'>x</a>", "READMEmd-y"),
        ("<a href='./README.md#y'>x</a>", "READMEmd-y"),
    ],
)
def test_links_within_the_document_lead_to_anchors(link: str, anchor: str) -> None:
    assert render(link) == f'<p><a href="#terrareg-anchor-{anchor}">x</a></p>'


@pytest.mark.parametrize("address", ["OTHER.md#y", "docs/README.md#y", "#", "README.md"])
def test_other_relative_links_stay_as_they_are(address: str) -> None:
    assert render(f"[x]({address})") == f'<p><a href="{address}">x</a></p>'


def test_names_and_ids_of_raw_html_become_anchors() -> None:
    assert render('<a name="input_x"></a><a id="Y z"></a>\n\n<h2 id="q">r</h2>') == (
        '<p><a name="terrareg-anchor-READMEmd-input_x"></a><a id="terrareg-anchor-READMEmd-Y-z"></a></p>\n'
        '<h2 id="terrareg-anchor-READMEmd-q">r</h2>'
    )


def test_a_text_without_file_name_has_anchors_with_two_hyphens() -> None:
    assert render("# X\n[y](#x)", "") == (
        '<h1 id="terrareg-anchor--x">X</h1>\n<p><a href="#terrareg-anchor--x">y</a></p>'
    )


def test_a_document_in_a_directory_is_linked_by_its_path() -> None:
    assert render("[y](docs/resources/thing.md#x)", "docs/resources/thing.md") == (
        '<p><a href="#terrareg-anchor-docsresourcesthingmd-x">y</a></p>'
    )


def test_what_exceeds_the_longest_document_is_shown_as_written() -> None:
    line = "**bold** <b>\n"
    rendered = render(line * (RENDERED_MAX // len(line) + 2))

    assert rendered.startswith("<p><strong>bold</strong>")
    assert rendered.endswith("\n<pre>" + "**bold** &lt;b&gt;\n" * 2 + "</pre>")


def test_a_document_that_would_grow_beyond_measure_is_shown_as_written() -> None:
    markdown = "# x\n" * 51_000

    assert render(markdown) == f"<pre>{markdown}</pre>"


def test_plain_text_has_a_line_for_each_heading_line_and_cell_and_none_for_code() -> None:
    markdown = (
        "# Title & more\n\nFirst *line*\nsecond <b>line</b><!-- hidden -->\n\n```hcl\nfenced\n```\n\n    indented\n\n"
        "<pre>raw</pre>\n\n| head |\n|------|\n| cell |\n\n- item `code`\n"
    )

    assert [line for line in RENDERER.plain_text(markdown) if line] == [
        "Title & more",
        "First line",
        "second line",
        "head",
        "cell",
        "item code",
    ]


def test_a_description_is_found_in_a_rendered_readme() -> None:
    readme = (
        "# Net\n\n```\nthis is some code that looks like a perfectly fine sentence\n```\n\n"
        "Creates a **network** with subnets and routes.\n"
    )

    assert describe(RENDERER.plain_text(readme)) == "Creates a network with subnets and routes."


@given(st.text())
def test_a_slug_has_only_slug_characters_and_is_its_own_slug(text: str) -> None:
    made = slug(text)

    assert re.fullmatch(r"[A-Za-z0-9_-]*", made)
    assert "--" not in made
    assert slug(made) == made


@given(st.lists(st.text("aA1- ", max_size=4), max_size=30))
def test_no_two_headings_share_an_id(headings: list[str]) -> None:
    ids = HeadingIds()
    taken = [ids.take(heading) for heading in headings]

    assert len(set(taken)) == len(taken)
    assert all(slug(identifier) == identifier for identifier in taken)
