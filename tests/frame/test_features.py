"""`docs/features.md` names what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|yaml))`")
ROW = re.compile(r"^\| ([DSB][\d.]+) \| .* \| (yes|core|in part|to come) \| (.*) \| (.*) \|$", re.M)
FEATURES = (ROOT / "docs/features.md").read_text(encoding="utf-8")


class TestFeatures:
    def test_every_place_and_test_that_it_names_is_there(self):
        named = {path for path in NAMED.findall(FEATURES) if not path.startswith("/")}

        assert len(named) > 50
        assert [path for path in sorted(named) if not (ROOT / path).exists()] == []

    def test_what_works_says_where_and_is_tested(self):
        rows = ROW.findall(FEATURES)
        ids = [row[0] for row in rows]

        assert len(ids) == len(set(ids)) == FEATURES.count("\n| ") - FEATURES.count("\n| id |")
        for feature, works, where, proof in rows:
            if works in {"yes", "core"}:
                assert "`" in where, feature
                assert "tests/" in proof, feature
