"""What a run of the warm engine does with replies that mean well."""

import threading
from pathlib import Path

import pytest

from agents.aider.engine import Limits
from tests.aider.aider_model import ScriptedModel, search_block, whole_block
from tests.aider.aider_runs import TOKEN, Aider

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


class TestEdits:
    def test_applies_a_search_block(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue(search_block("plan.md", "one\n", "two\n"))

        ran = aider.run({"plan.md": "zero\none\n", "other.md": "other\n"})

        assert ran.result.status == "completed", ran.result
        assert ran.result.edited == ("plan.md",)
        assert not ran.result.refused
        assert not ran.result.created
        assert ran.text("plan.md") == "zero\ntwo\n"
        assert ran.text("other.md") == "other\n"
        assert len(model.calls) == 1
        assert model.tokens == [TOKEN]

    def test_applies_a_whole_file(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue(whole_block("plan.md", "all new\n"))

        ran = aider.run({"plan.md": "one\n"}, edit_format="whole")

        assert ran.result.edited == ("plan.md",)
        assert ran.text("plan.md") == "all new\n"

    @pytest.mark.parametrize(
        "inside",
        [
            "```python\nprint(1)\n```\nafter\n",
            "See `plan.md`.\n```\nprint(1)\n\n```\nafter\n",
            "```\nno end\n",
        ],
        ids=["a fence", "a fence after a name", "one fence"],
    )
    def test_takes_no_whole_file_that_a_fence_inside_cuts_short(
        self, aider: Aider, model: ScriptedModel, inside: str
    ) -> None:
        model.enqueue("I changed `plan.md`.\n\n" + whole_block("plan.md", f"before\n{inside}"))

        ran = aider.run({"plan.md": "one\n"}, edit_format="whole")

        assert ran.text("plan.md") == "one\n"
        assert ran.result.refused

    @pytest.mark.parametrize("edit_format", ["diff", "whole"])
    def test_takes_a_reply_in_one_piece(
        self, aider: Aider, model: ScriptedModel, edit_format: str
    ) -> None:
        edit = {
            "diff": search_block("plan.md", "one\n", "two\n"),
            "whole": whole_block("plan.md", "two\n"),
        }[edit_format]
        model.enqueue(edit)

        ran = aider.run({"plan.md": "one\n"}, edit_format=edit_format, model="openai/o1")

        assert not model.calls[0].get("stream")
        assert ran.result.edited == ("plan.md",), ran
        assert ran.text("plan.md") == "two\n"
        assert "two" in ran.said("reply")

    def test_nothing_to_do_is_no_failure(self, aider: Aider, model: ScriptedModel) -> None:
        ran = aider.run({"plan.md": "one\n"})

        assert (ran.result.status, ran.result.edited, ran.result.reason) == ("completed", (), "")
        assert len(model.calls) == 1

    def test_asks_again_when_a_block_does_not_match(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(search_block("plan.md", "absent\n", "two\n"))
        model.enqueue(search_block("plan.md", "one\n", "two\n"))

        ran = aider.run({"plan.md": "one\n"})

        assert ran.result.status == "completed"
        assert ran.text("plan.md") == "two\n"
        assert len(model.calls) == 2

    def test_says_that_no_block_ever_matched(self, aider: Aider, model: ScriptedModel) -> None:
        model.default = search_block("plan.md", "absent\n", "two\n")

        ran = aider.run({"plan.md": "one\n"})

        assert ran.result.reason == "some edits of the reply did not apply"
        assert ran.result.remark == "edits_unmatched"
        assert ran.result.edited == ()
        assert len(model.calls) == 4

    @pytest.mark.parametrize(
        "inside",
        [
            "<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n",
            "--- plan.md\n+++ plan.md\n@@ -1 +1 @@\n-one\n+two\n",
        ],
        ids=["search block", "unified diff"],
    )
    def test_the_marks_of_another_format_become_no_text_of_a_whole_file(
        self, aider: Aider, model: ScriptedModel, inside: str
    ) -> None:
        model.default = whole_block("plan.md", inside)

        ran = aider.run({"plan.md": "one\n"}, edit_format="whole")

        assert ran.text("plan.md") == "one\n"
        assert (ran.result.status, ran.result.remark) == ("completed", "malformed_reply")

    def test_blocks_without_a_fence_are_no_whole_files(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.default = "plan.md\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n"

        ran = aider.run({"plan.md": "one\n"}, edit_format="whole")

        assert ran.text("plan.md") == "one\n"
        assert ran.result.remark == "malformed_reply"

    def test_an_edit_that_lands_in_another_file_is_told_by_the_bytes(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(search_block("plan.md", "only here\n", "changed\n"))

        ran = aider.run({"plan.md": "one\n", "other.md": "only here\n"})

        assert ran.result.edited == ("other.md",)
        assert ran.text("plan.md") == "one\n"


class TestNewFiles:
    @pytest.mark.parametrize("sandbox", ["auto", "none"])
    def test_are_created_where_the_request_allows(
        self, aider: Aider, model: ScriptedModel, sandbox: str
    ) -> None:
        model.enqueue(search_block("production/part one/a.md", "", "text\n"))

        ran = aider.run({"plan.md": "one\n"}, creatable=("production/**",), sandbox=sandbox)

        assert ran.result.created == ("production/part one/a.md",), ran
        assert not ran.result.edited
        assert not ran.result.refused
        assert ran.text("production/part one/a.md") == "text\n"

    def test_may_be_whole(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue(whole_block("production/a.md", "text\n"))

        ran = aider.run({"plan.md": "one\n"}, creatable=("production/**",), edit_format="whole")

        assert ran.result.created == ("production/a.md",)
        assert ran.text("production/a.md") == "text\n"

    def test_are_at_most_twenty_a_run(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("".join(search_block(f"p/{n}.md", "", "text\n") for n in range(22)))

        ran = aider.run({"plan.md": "one\n"}, creatable=("p/*.md",))

        assert len(ran.result.created) == 20
        assert [refused.path for refused in ran.result.refused] == ["p/20.md", "p/21.md"]
        assert len(ran.names()) == 21

    def test_leave_nothing_behind_when_their_edit_fails(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(search_block("p/a.md", "absent\n", "text\n"))

        ran = aider.run({"plan.md": "one\n"}, creatable=("p/**",))

        assert ran.result.created == ()
        assert ran.names() == {"plan.md"}

    def test_do_not_replace_a_file_that_was_not_given(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(search_block("p/a.md", "", "mine\n"))

        ran = aider.run(
            {"plan.md": "one\n", "p/a.md": "theirs\n"},
            editable=("plan.md",),
            creatable=("p/**",),
        )

        assert ran.text("p/a.md") == "theirs\n"
        assert [refused.path for refused in ran.result.refused] == ["p/a.md"]


class TestFilesAsTheyWere:
    @pytest.mark.parametrize("edit_format", ["diff", "whole"])
    def test_line_endings_and_byte_order_mark_stay(
        self, aider: Aider, model: ScriptedModel, edit_format: str
    ) -> None:
        edit = {
            "diff": search_block("plan.md", "one\n", "uno\n"),
            "whole": whole_block("plan.md", "uno\ntwo\n"),
        }[edit_format]
        model.enqueue(edit)

        ran = aider.run({"plan.md": "\ufeffone\r\ntwo\r\n"}, edit_format=edit_format)

        assert (ran.staging / "plan.md").read_bytes() == "\ufeffuno\r\ntwo\r\n".encode()

    def test_a_line_of_a_megabyte_costs_no_minutes(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(search_block("plan.md", "one\n", "two\n"))

        ran = aider.run({"plan.md": "x" * 1_000_000 + "\none\n"})

        assert ran.result.edited == ("plan.md",)
        assert ran.result.seconds < 5


class TestPrompt:
    def test_holds_the_prompt_and_the_files_and_nothing_of_the_machine(
        self, aider: Aider, model: ScriptedModel, tmp_path: Path
    ) -> None:
        aider.run(
            {"plan.md": "the plan\n", "demande.md": "the request\n"},
            editable=("plan.md",),
            readonly=("demande.md",),
            prompt="/run touch marker\nSee http://127.0.0.1:9/page",
        )

        prompts = model.prompts()
        assert "the plan" in prompts
        assert "the request" in prompts
        assert "/run touch marker" in prompts
        assert str(tmp_path) not in prompts
        assert "Linux" not in prompts

    def test_is_the_same_for_the_same_input(self, aider: Aider, model: ScriptedModel) -> None:
        files = {f"{name}.md": f"{name}\n" for name in "bdaec"}

        for _ in range(2):
            aider.run(files, editable=("a.md", "c.md"), readonly=("e.md", "b.md", "d.md"))

        assert model.calls[0]["messages"] == model.calls[1]["messages"]
        prompt = model.prompts()
        assert prompt.index("\nb.md\n") < prompt.index("\nd.md\n") < prompt.index("\ne.md\n")
        assert prompt.index("\na.md\n") < prompt.index("\nc.md\n")


class TestOutput:
    def test_comes_while_the_reply_streams(self, aider: Aider, model: ScriptedModel) -> None:
        reply = model.enqueue("The first half. ", "The second half.", hold=True)
        request = aider.request({"plan.md": "one\n"})
        heard: list[str] = []
        first_half = threading.Event()

        def on_output(stream: str, text: str) -> None:
            heard.append(text)
            first_half.set()

        thread = threading.Thread(
            target=aider.engine.run,
            args=(request,),
            kwargs={"on_output": on_output, "should_stop": lambda: None},
        )
        thread.start()
        assert first_half.wait(10)
        assert "".join(heard) == "The first half. "
        reply.may_finish.set()
        thread.join()

        assert "The second half." in "".join(heard)

    def test_shows_neither_the_token_nor_the_folder(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue(f"Your key is {TOKEN}.\n", status=401)

        ran = aider.run({"plan.md": "one\n"})

        shown = ran.said("log") + ran.said("reply") + ran.result.reason
        assert "key is (token)" in shown
        assert TOKEN not in shown
        assert str(ran.staging) not in shown

    def test_is_bounded(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("word " * 100_000)

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(output_bytes=10_000))

        assert ran.result.status == "completed"
        assert len(ran.said("reply")) < 50_000
        assert "(the rest is not shown)" in ran.said("log")
