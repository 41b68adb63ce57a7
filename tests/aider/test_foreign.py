"""What is taken for edits in another format, and what for the text of a document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.aider.foreign import holds_blocks, names_whole_files

BLOCK = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
LINES = st.text(alphabet="ab #*`-+=<>\n", max_size=60)


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        BLOCK.replace("<<<<<<< SEARCH", "<<<<< SEARCH"),
        BLOCK.removesuffix(">>>>>>> REPLACE\n"),
        BLOCK.removeprefix("<<<<<<< SEARCH\n"),
        "--- a/plan.md\n+++ b/plan.md\n@@ -1 +1 @@\n-old\n+new\n",
        "  *** Begin Patch\n*** Update File: plan.md\n",
    ],
)
def test_blocks_are_known_also_broken_ones(text: str) -> None:
    assert holds_blocks(f"Here it is.\n\n{text}\nDone.\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Title\n=======\n\nText.\n",
        "A rule\n\n---\n\n+++ and more\n",
        "Write <<<<<<< SEARCH before what is to be found.\n",
        "--- one\n\n+++ two\n",
    ],
)
def test_documents_are_no_blocks(text: str) -> None:
    assert not holds_blocks(text)


@pytest.mark.parametrize(
    "name", ["plan.md", "**plan.md**", "`plan.md`:", "### plan.md", " plan.md"]
)
def test_a_file_of_its_own_above_a_fence_is_a_whole_file(name: str) -> None:
    assert names_whole_files(
        f"New:\n\n{name}\n```markdown\ntext\n```\n", is_own={"plan.md"}.__contains__
    )


@pytest.mark.parametrize(
    "text", ["other.md\n```\ntext\n```\n", "plan.md\n\n```\ntext\n```\n", "plan.md\n"]
)
def test_other_fences_are_none(text: str) -> None:
    assert not names_whole_files(text, is_own={"plan.md"}.__contains__)


@given(LINES, LINES)
def test_a_block_stays_one_whatever_stands_around_it(before: str, after: str) -> None:
    assert holds_blocks(f"{before}\n{BLOCK}{after}")
