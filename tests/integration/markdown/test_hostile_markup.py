"""Markup written to run scripts, to escape its place or to take for ever: every method returns it inert, in time."""

import re
import time
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.markdown.renderer import RENDERED_MAX, MistuneRenderer

RENDERER = MistuneRenderer()

PLAIN_TAGS = set("a abbr acronym b blockquote code em i li ol strong ul".split())  # noqa: SIM905
MARKDOWN_TAGS = PLAIN_TAGS | set(
    "p h1 h2 h3 h4 h5 h6 table thead tbody th tr td pre img br hr del s sup sub kbd details summary div span".split()  # noqa: SIM905
)
PLAIN_ATTRIBUTES = {"a": {"href", "title", "rel"}, "abbr": {"title"}, "acronym": {"title"}}
MARKDOWN_ATTRIBUTES = {
    **PLAIN_ATTRIBUTES,
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "a": {"href", "title", "name", "id", "rel"},
    "img": {"src", "alt", "title", "width", "height"},
    "code": {"class"},
    "th": {"align"},
    "td": {"align"},
}
VOID = {"br", "hr", "img"}


def render(text: str) -> str:
    return RENDERER.render(text, "README.md")


METHODS = [
    pytest.param(RENDERER.sanitise_text, PLAIN_TAGS, PLAIN_ATTRIBUTES, id="sanitise_text"),
    pytest.param(RENDERER.sanitise_markdown, MARKDOWN_TAGS, MARKDOWN_ATTRIBUTES, id="sanitise_markdown"),
    pytest.param(render, MARKDOWN_TAGS, MARKDOWN_ATTRIBUTES, id="render"),
]

HTML_ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<scr<!-- -->ipt>alert(1)</script>",
    "<<script>alert(1);//<</script>",
    "<script/src='https://evil.example/x.js'>",
    "<script\x0csrc=//evil.example>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<script>alert(1)",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='x'onerror='alert(1)'>",
    "<img/src=x/onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<img src=javascript:alert(1)>",
    "<IMG SRC=JaVaScRiPt:alert(1)>",
    "<img src=`javascript:alert(1)`>",
    "<img src=\" &#14;  javascript:alert('x');\">",
    "<img src='jav\tascript:alert(1)'>",
    "<img src='jav&#x09;ascript:alert(1)'>",
    "<img src='jav&#x0A;ascript:alert(1)'>",
    "<img src=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>",
    "<img src=&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#58;a>",
    "<img src=x:x onerror\n=\nalert(1) //>",
    "<img lowsrc='javascript:alert(1)' dynsrc='javascript:alert(1)' srcset='x 1x'>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java&Tab;script&colon;alert(1)'>x</a>",
    "<a href='&#1;javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='blob:https://x/y'>x</a>",
    "<a href='x' href='javascript:alert(1)'>x</a>",
    "<a onclick=alert(1) onmouseover='alert(1)' href='#'>x</a>",
    "<a href='https://x' target=_blank rel=opener style='position:fixed'>x</a>",
    "<a title='\"><script>alert(1)</script>'>x</a>",
    "<a title=\"x\" onfocus='alert(1)' autofocus tabindex=1>x</a>",
    "<b style='background:url(javascript:alert(1))'>x</b>",
    "<b onmouseover=alert(1)>x</b>",
    "<code class='x' onclick='alert(1)'>x</code>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<math href='javascript:alert(1)'>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<textarea><img title="</textarea><img src=x onerror=alert(1)>">',
    '<title><a title="</title><img src=x onerror=alert(1)>">',
    '<xmp><p title="</xmp><svg/onload=alert(1)>">',
    "<plaintext><b>x",
    "<template><img src=x onerror=alert(1)></template>",
    "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><input type=submit></form>",
    "<button formaction='javascript:alert(1)'>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<body onload=alert(1)>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style><img src='</style><img src=x onerror=alert(1)>'></style>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<div style='expression(alert(1))'>x</div>",
    "<table background='javascript:alert(1)'><tr><td background='javascript:alert(1)'>x</td></tr></table>",
    "<table><td><svg><desc><td><img src=x onerror=alert(1)></td></desc></svg></table>",
    "<!--><script>alert(1)</script>-->",
    "<!--->\n<img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<!-- <img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<!DOCTYPE x [<!ENTITY y '<script>alert(1)</script>'>]>&y;",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
    "</a onclick=alert(1)>",
    '<a ="><img src=x onerror=alert(1)>">x</a>',
    '<a x="y"="><img src=x onerror=alert(1)>">x</a>',
    "<a title='a&quot; onclick=&quot;alert(1)'>x</a>",
    "<bloc\u212aquote onclick=alert(1)>",
    "<\u0131mg src=x onerror=alert(1)>",
    "\ufdd0lt;script\ufdd0gt;alert(1)",
    "<a href='java\ufdd0Tab;script:alert(1)'>x</a>",
    "\ud800<script>\udfff</script>",
    "\ufeff<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<br><br/></br><hr onclick=1><img>",
]

MARKDOWN_ATTACKS = [
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\\script:alert(1))",
    "[x](javascript:alert`1`)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    '[x](https://y "\' onclick=alert(1)")',
    '[x](https://y"onclick="alert(1))',
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![" onerror="alert(1)](https://y/z.png)',
    '![x](https://y/z.png "\\" onerror=\\"alert(1)")',
    "![<script>alert(1)</script>](https://y/z.png)",
    "<javascript:alert(1)>",
    "<javascript:alert(1)//@x.y>",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x]: https://y '\"><script>alert(1)</script>'\n\n[x]",
    '```"><script>alert(1)</script>\nx\n```',
    '```x" onclick="alert(1)\n</code></pre><script>alert(1)</script>\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "# <script>alert(1)</script>",
    '# x" onclick="alert(1)',
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    'https://x.y/"onmouseover=alert(1)',
    "https://x.y/<script>alert(1)</script>",
    '<https://x.y/"onclick=alert(1)>',
    "<div>\n\n</div><script>\n\nalert(1)</script>",
    "<a href='https://x\n\n'onclick=alert(1)>x</a>",
    "> <script>\n> alert(1)",
    "- <script>\n  alert(1)\n- </script>",
    "\\<script>alert(1)\\</script>",
    "**<script>**alert(1)**</script>**",
    "[<img src=x onerror=alert(1)>](https://x.y)",
    "[x](https://y)<a href='[z](javascript:alert(1))'>",
]


class MarkupCheck(HTMLParser):
    """Reads HTML and collects whatever an allow-list doesn't allow."""

    def __init__(self, tags: set[str], attributes: dict[str, set[str]]) -> None:
        super().__init__()
        self.offences: list[str] = []
        self.depth: list[str] = []
        self._tags = tags
        self._attributes = attributes

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._tags:
            self.offences.append(f"<{tag}>")
        if tag not in VOID:
            self.depth.append(tag)
        for name, value in attrs:
            if name not in self._attributes.get(tag, set()):
                self.offences.append(f"{tag}.{name}")
            if name in {"href", "src"}:
                effective = re.sub(r"[\t\n\r]", "", value or "").strip("".join(map(chr, range(33))))
                scheme = re.match(r"([a-z][a-z0-9+.-]*):", effective, re.IGNORECASE)
                if scheme and scheme[1].lower() not in {"http", "https", "mailto"}:
                    self.offences.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        if not self.depth or self.depth.pop() != tag:
            self.offences.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.offences.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.offences.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.offences.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.offences.append(f"<![{data}]>")


def offences(html: str, tags: set[str], attributes: dict[str, set[str]]) -> list[str]:
    check = MarkupCheck(tags, attributes)
    check.feed(html)
    check.close()
    return [*check.offences, *(f"<{tag}> is left open" for tag in check.depth)]


@pytest.mark.parametrize(("method", "tags", "attributes"), METHODS)
@pytest.mark.parametrize("attack", HTML_ATTACKS + MARKDOWN_ATTACKS)
def test_an_attack_comes_out_inert(
    attack: str, method: Callable[[str], str], tags: set[str], attributes: dict[str, set[str]]
) -> None:
    assert offences(method(attack), tags, attributes) == []


@pytest.mark.parametrize(("method", "tags", "attributes"), METHODS)
def test_attacks_come_out_inert_when_they_follow_one_another(
    method: Callable[[str], str], tags: set[str], attributes: dict[str, set[str]]
) -> None:
    assert offences(method("\n\n".join(HTML_ATTACKS + MARKDOWN_ATTACKS)), tags, attributes) == []


NAMES = sorted(MARKDOWN_TAGS | {"script", "svg", "math", "style", "textarea", "template", "select", "form", "x"})
ATTRIBUTES = [
    "",
    " href='https://x.y/?a=1&copy=2'",
    ' href="java&Tab;script:x"',
    " href=#x",
    " src=//x",
    " title='<b>&#13;&nbsp;'",
    " id=x name=y",
    " class=c onclick=x",
    " a='>'",
    " align=left",
    " /",
    ' b="',
]
SCRAPS = [
    *["&amp;", "&copy;", "&copy", "&#60;", "&#0;", "&", "<", ">", '"', "'", "=", "/", "<!--", "-->", "<!", "<?"],
    *["\n", "\n\n", "\r", " ", "\u00a0", "\ufeff", "\x00", "\x0c", "\ud800", "`", "```\n", "# ", "- ", "1. ", "> "],
    *["    ", "[", "](", "]: ", "!", "*", "**", "_", "~~", "http://a.b", "\\", "|", "|-|\n", "text", "]]>"],
]
MARKUP = st.lists(
    st.one_of(
        st.builds("<{}{}>".format, st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES)),
        st.builds("</{}>".format, st.sampled_from(NAMES)),
        st.sampled_from(SCRAPS),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize(("method", "tags", "attributes"), METHODS)
@settings(deadline=None, max_examples=150)
@given(markup=MARKUP)
def test_no_markup_beyond_the_allow_list_survives(
    markup: str, method: Callable[[str], str], tags: set[str], attributes: dict[str, set[str]]
) -> None:
    assert offences(method(markup), tags, attributes) == []


@pytest.mark.parametrize("method", [RENDERER.sanitise_text, RENDERER.sanitise_markdown])
@settings(deadline=None, max_examples=150)
@given(markup=MARKUP)
def test_sanitising_twice_changes_nothing_more(markup: str, method: Callable[[str], str]) -> None:
    once = method(markup)

    assert method(once) == once


@settings(deadline=None, max_examples=150)
@given(markup=MARKUP)
def test_rendered_html_passes_the_sanitiser_unchanged(markup: str) -> None:
    rendered = render(markup)

    assert RENDERER.sanitise_markdown(rendered) == rendered


DISALLOWED = st.sampled_from(["script", "your-name", "svg", "x:y", "form", "String"])
PROSE = st.text(st.characters(exclude_characters="<>&\r\x00\ufeff\ufdd0\ufdd1", exclude_categories=["Cs"]), max_size=8)


@pytest.mark.parametrize("method", [RENDERER.sanitise_text, RENDERER.sanitise_markdown])
@settings(deadline=None)
@given(pieces=st.lists(st.one_of(PROSE, DISALLOWED.map("<{}>".format), DISALLOWED.map("</{} >".format)), max_size=20))
def test_tags_that_are_not_allowed_stay_visible_to_the_last_character(
    pieces: list[str], method: Callable[[str], str]
) -> None:
    text = "".join(pieces)

    assert method(text) == text.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("method", [RENDERER.sanitise_text, RENDERER.sanitise_markdown, render, RENDERER.plain_text])
@settings(deadline=None)
@given(text=st.text(st.characters(), max_size=60))
def test_no_text_makes_a_method_fail(text: str, method: Callable[[str], object]) -> None:
    method(text)


REPEATED = [
    "<a ",
    '<a b="',
    "[a](<b",
    "<!--",
    "<",
    "<div>",
    "<table><b>",
    "<p><code class=a>",
    "<a b='x'>",
    "&",
    "[a](",
    "![](",
    "> ",
    "- ",
    "**a*",
    "# x\n\n",
    "`a",
    "|\n",
]


@pytest.mark.parametrize("unit", REPEATED)
def test_no_text_of_full_length_takes_long_or_grows_out_of_hand(unit: str) -> None:
    text = (unit * RENDERED_MAX)[:RENDERED_MAX]
    started = time.process_time()

    results = [render(text), RENDERER.sanitise_text(text), RENDERER.sanitise_markdown(text)]

    assert time.process_time() - started < 15
    assert max(map(len, results)) <= 3 << 20


def test_elements_re_opened_in_every_paragraph_do_not_multiply_the_text() -> None:
    text = "".join(f"<code class={number}>" for number in range(90)) + "<p>x" * 40_000

    assert len(RENDERER.sanitise_markdown(text)) < 20 * len(text)


def test_a_link_address_referred_to_often_does_not_multiply_the_text() -> None:
    text = f"[a]: https://x.y/{'z' * 100_000}\n\n" + "[a] " * 20_000

    assert len(render(text)) <= 3 << 20


def test_deep_nesting_ends_as_text() -> None:
    sanitised = RENDERER.sanitise_markdown("<div>" * 150 + "x")

    assert sanitised == "<div>" * 100 + "&lt;div&gt;" * 50 + "x" + "</div>" * 100


def test_a_text_that_is_too_long_for_the_sanitiser_is_escaped_whole() -> None:
    text = "<b>x</b> &amp; &" + "y" * RENDERED_MAX

    assert RENDERER.sanitise_markdown(text) == "&lt;b&gt;x&lt;/b&gt; &amp; &amp;" + "y" * RENDERED_MAX
