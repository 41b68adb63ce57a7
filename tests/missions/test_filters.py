from typing import Any

import pytest

from missions.onlookers import BadFilter, Filter


class TestRead:
    @pytest.mark.parametrize(
        "given",
        [
            {"types": "file.changed"},
            {"types": [1]},
            {"types": ["file.eaten"]},
            {"files": {"a.md": 1}},
            {"files": ["../a.md"]},
            {"files": ["**"]},
            {"files": ["/**"]},
            {"files": ["a*.md"]},
            {"files": ["x" * 400]},
            {"files": [f"{number}.md" for number in range(101)]},
            {"patches": 1},
        ],
    )
    def test_refuses_what_it_cannot_filter_by(self, given: dict[str, Any]) -> None:
        with pytest.raises(BadFilter):
            Filter.read(given)

    def test_reads_an_address(self) -> None:
        read = Filter.from_query(
            {"types": ["file.changed,run.started"], "files": ["a.md", "b/**"], "patches": ["1"]}
        )

        assert read.as_data() == {
            "types": ["file.changed", "run.started"],
            "files": ["a.md", "b/**"],
            "patches": True,
        }


class TestPasses:
    def test_everything_without_a_condition(self) -> None:
        assert Filter().passes("file.changed", {"path": "a.md"})

    def test_types(self) -> None:
        only = Filter.read({"types": ["run.started"]})

        assert only.passes("run.started", {})
        assert not only.passes("run.finished", {})

    def test_nothing(self) -> None:
        assert not Filter.read({"types": []}).passes("run.started", {})

    @pytest.mark.parametrize(
        ("data", "passes"),
        [
            ({"path": "a.md"}, True),
            ({"path": "b.md"}, False),
            ({"path": "notes/deep/c.md"}, True),
            ({"path": "notes.md"}, False),
            ({"path": "b.md", "moved_to": "a.md"}, True),
            ({"path": "b.md", "moved_from": "notes/c.md"}, True),
        ],
    )
    def test_files(self, data: dict[str, Any], passes: bool) -> None:
        only = Filter.read({"files": ["a.md", "notes/**"]})

        assert only.passes("file.changed", data) is passes

    def test_files_say_nothing_about_what_is_not_about_files(self) -> None:
        assert Filter.read({"files": ["a.md"]}).passes("run.started", {"run": "r"})
