"""What people and agents wrote, as HTML that is safe to show."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.rendering import render
from tests.xss import CORPUS

TAGS = {
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li", "strong",
    "em", "s", "del", "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td", "input",
}  # fmt: skip
ATTRIBUTES = {
    ("a", "href"), ("a", "title"), ("a", "rel"), ("ol", "start"), ("th", "class"), ("td", "class"),
    ("input", "type"), ("input", "checked"), ("input", "disabled"),
}  # fmt: skip


class Judge(HTMLParser):
    """Collects what a policy of its own does not allow."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.complaints.append(f"<{tag}>")
        for name, value in attrs:
            if (tag, name) not in ATTRIBUTES:
                self.complaints.append(f"<{tag} {name}>")
            if name == "href" and not (value or "").startswith(
                ("https://", "http://", "mailto:", "#")
            ):
                self.complaints.append(f"<{tag} href={value}>")
        if tag == "input" and ("disabled" not in dict(attrs) or dict(attrs)["type"] != "checkbox"):
            self.complaints.append("a live input")

    def handle_comment(self, data: str) -> None:
        self.complaints.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.complaints.append(f"<!{decl}>")


def complaints_about(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.complaints


class TestSafety:
    def test_has_a_corpus_worth_the_name(self) -> None:
        assert len(set(CORPUS)) >= 150

    @pytest.mark.parametrize("is_markdown", [True, False])
    def test_lets_nothing_of_the_corpus_through(self, is_markdown: bool) -> None:
        found = {
            text: complaints
            for text in CORPUS
            if (complaints := complaints_about(render(text, is_markdown=is_markdown)))
        }

        assert found == {}

    @given(st.lists(st.sampled_from(CORPUS), max_size=6), st.sampled_from(["\n\n", "\n", " ", ""]))
    def test_lets_no_mixture_through(self, texts: list[str], between: str) -> None:
        assert complaints_about(render(between.join(texts), is_markdown=True)) == []

    @given(st.text(alphabet="<>/!-[]()*_`#|\\\"'=: \nabis", max_size=200))
    def test_lets_no_text_through(self, text: str) -> None:
        assert complaints_about(render(text, is_markdown=True)) == []

    def test_is_judged_by_one_who_complains(self) -> None:
        assert complaints_about("<p onclick=x>a</p><img src=x><a href=//x>y</a>") != []


class TestMarkdown:
    def test_has_its_structure(self) -> None:
        text = "# T\n\nA *b* ~~c~~ `d`\n\n1. x\n\n| a |\n|:-:|\n| b |\n\n- [x] done\n- [ ] open\n"

        html = render(text, is_markdown=True)

        for part in (
            "<h1>T</h1>", "<em>b</em>", "<del>c</del>", "<code>d</code>", "<li>x</li>",
            '<td class="is-center">b</td>', 'checked=""',
        ):  # fmt: skip
            assert part in html
        assert html.count('type="checkbox"') == 2

    def test_shows_tags_as_text(self) -> None:
        html = render("a <b>c</b> `<i>`\n\n<div>\nd\n</div>\n", is_markdown=True)

        assert "&lt;b&gt;c&lt;/b&gt; <code>&lt;i&gt;</code>" in html
        assert "&lt;div&gt;" in html

    def test_links_pictures_instead_of_fetching_them(self) -> None:
        html = render("![a map](https://example.org/map.png)", is_markdown=True)

        assert '<a href="https://example.org/map.png" rel="noopener noreferrer nofollow">' in html
        assert "a map</a>" in html

    @pytest.mark.parametrize(
        "deep", ["> " * 5000 + "x", "*a _b " * 20_000, "<b></a>" * 20_000, "a_" * 50_000]
    )
    def test_answers_whatever_the_depth(self, deep: str) -> None:
        assert complaints_about(render(deep, is_markdown=True)) == []

    def test_shows_what_nests_too_deep_as_it_stands(self) -> None:
        deep = "> " * 200 + "x"

        assert render(deep, is_markdown=True) == f"<pre><code>{'&gt; ' * 200}x</code></pre>"


class TestOtherTexts:
    def test_stand_as_they_are(self) -> None:
        assert render("# <b>\n", is_markdown=False) == "<pre><code># &lt;b&gt;\n</code></pre>"
