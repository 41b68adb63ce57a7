"""In which format a model gives its edits back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.formats import LONGEST_WHOLE, format_for, preferred_format


class TestPreferredFormat:
    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("openai/gpt-4o", "diff"),
            ("openai/gpt-4o-mini", "whole"),
            ("anthropic/claude-sonnet-4-5", "diff"),
            ("ollama/llama3:8b", "whole"),
            ("nobody/knows", "diff"),
            ("offline/writer", "diff"),
        ],
    )
    def test_is_blocks_but_for_small_models(self, model: str, expected: str) -> None:
        assert preferred_format(model) == expected

    def test_is_the_installations_to_decide(self) -> None:
        assert preferred_format("openai/mine", ["openai/m*"]) == "whole"
        assert preferred_format("ollama/llama3", ["none"]) == "diff"


class TestFormatFor:
    def test_is_whole_where_the_model_wants_it_and_no_file_has_a_fence(self) -> None:
        assert format_for("ollama/a", ["# Plan\n", ""]) == "whole"
        assert format_for("openai/gpt-4o", ["# Plan\n"]) == "diff"

    def test_is_never_whole_for_much_text(self) -> None:
        assert format_for("ollama/a", ["x" * (LONGEST_WHOLE + 1)]) == "diff"

    @given(before=st.text(), after=st.text(), others=st.lists(st.text(), max_size=3))
    def test_is_never_whole_where_a_file_has_a_fence(
        self, before: str, after: str, others: list[str]
    ) -> None:
        assert format_for("ollama/a", [*others, f"{before}```{after}"]) == "diff"
