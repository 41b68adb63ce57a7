"""The six roles together: documents that are true, and a team that comes to rest."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.roles import registry
from agents.roles.base import Flag
from tests.offline.offline_checks import (
    coverage,
    numbers,
    obliging_sentences,
    plain,
    repeated_sentences,
    sections,
    stated_coverage,
)
from tests.offline.offline_requests import ODD_REQUESTS
from tests.offline.offline_team import Team, demo_request, new_mission

DOCUMENTS = ["specifications.md", "production.md", "management.md", "evaluation.md"]


def settled(language: str, request: str) -> Team:
    team = Team(new_mission(language, request), language)
    team.settle()
    return team


def doubts(team: Team) -> Sequence[Flag]:
    """Return what a reviewer flags of the whole evaluation."""
    role = registry.get("evaluation")
    context = team._context(role)
    new = replace(context, files={**context.files, "evaluation.md": ""})
    return role.review(new, {"evaluation.md": team.files["evaluation.md"]})


@pytest.fixture(scope="module", params=["fr", "en"])
def demo(request: pytest.FixtureRequest) -> Team:
    return settled(request.param, demo_request(request.param))


class TestDemo:
    def test_comes_to_rest_within_three_rounds(self, demo: Team) -> None:
        rounds = Team(new_mission(demo.language, demo_request(demo.language)), demo.language)

        assert rounds.settle() <= 3

    def test_quotes_every_sentence_that_obliges_word_for_word(self, demo: Team) -> None:
        specifications = plain(demo.files["specifications.md"])

        sentences = obliging_sentences(demo.files["demande.md"])

        assert len(sentences) > 25
        assert [s for s in sentences if plain(s) not in specifications] == []

    def test_gives_each_number_its_own_section(self, demo: Team) -> None:
        found = numbers(demo.files["specifications.md"])

        assert found == list(range(1, len(found) + 1))
        assert list(sections(demo.files["production.md"])) == found
        assert all(len(body) > 40 for body in sections(demo.files["production.md"]).values())

    def test_states_the_coverage_that_a_script_computes(self, demo: Team) -> None:
        assert stated_coverage(demo.files["evaluation.md"]) == coverage(demo.files)
        assert coverage(demo.files)[1] == 0

    def test_ticks_every_task(self, demo: Team) -> None:
        found = numbers(demo.files["specifications.md"])

        assert demo.files["management.md"].count("- [x] **R") == len(found)
        assert "- [ ]" not in demo.files["management.md"]

    def test_says_no_sentence_twice_in_one_file(self, demo: Team) -> None:
        assert {path: repeated_sentences(text) for path, text in demo.files.items()} == {
            path: [] for path in demo.files
        }

    def test_writes_the_file_that_the_request_names(self, demo: Team) -> None:
        assert demo.files["production/plan.md"].startswith("# Plan\n")

    def test_says_once_in_each_document_that_it_is_an_offline_draft(self, demo: Team) -> None:
        label = re.compile(r"^\*.*(?:hors ligne|offline)\b", re.IGNORECASE | re.MULTILINE)

        labels = {path: len(label.findall(text)) for path, text in demo.files.items()}

        assert labels == {path: path != "demande.md" for path in demo.files}

    def test_leaves_nothing_of_the_templates_placeholders(self, demo: Team) -> None:
        for name, text in new_mission(demo.language, "").items():
            if name != "demande.md":
                placeholder = text.strip().split("\n")[-1]
                assert placeholder not in demo.files[name]

    def test_has_found_nothing_said_twice(self, demo: Team) -> None:
        assert re.search("Aucun passage|No passage", demo.files["duplication.md"])

    def test_quotes_nothing_that_is_not_there_and_is_in_form(self, demo: Team) -> None:
        role = registry.get("evaluation")
        told = role._build_prompt(demo._context(role))

        assert doubts(demo) == []
        assert "- problems of form found: 0\n" in told
        assert "- claim that quotes nothing" not in told

    def test_judges_in_words_that_stand_there(self, demo: Team) -> None:
        lines = demo.files["production.md"].split("\n")
        vague = [
            re.sub(r"[^#].*\d.*", "Some day.", line) if line[:1] != "#" else line for line in lines
        ]
        states = {
            "has no section": demo.files["production.md"][:1],
            "has a heading but no text": "\n".join(line for line in lines if line[:1] == "#"),
            "its section does not say so": "\n".join(vague),
            "answers no sentence": "\n".join(
                [*lines, "", "## R900 — A “thing” *more*", "", "It is."]
            ),
        }
        for said, production in states.items():
            team = Team(dict(demo.files), demo.language, stopped={"production"})
            team.write("production.md", production)
            team.settle()

            assert doubts(team) == []
            if demo.language == "en":
                assert said in team.files["evaluation.md"]

    @pytest.mark.parametrize("seed", range(5))
    def test_comes_to_the_same_documents_in_any_order(self, demo: Team, seed: int) -> None:
        team = Team(new_mission(demo.language, demo.files["demande.md"]), demo.language, seed=seed)

        team.settle(12)

        journal = {"suivi.md": ""}
        assert {**team.files, **journal} == {**demo.files, **journal}

    def test_gives_the_same_bytes_again(self, demo: Team) -> None:
        again = settled(demo.language, demo_request(demo.language))

        assert again.files == demo.files
        assert again.replies == demo.replies


class TestAfterwards:
    """What happens when a person changes something in a mission at rest."""

    def test_writes_a_deleted_section_again_and_names_it_meanwhile(self) -> None:
        team = settled("en", demo_request("en"))
        whole = team.files["production.md"]
        cut = re.sub(r"^## R7 .*?(?=^## R8)", "", whole, flags=re.MULTILINE | re.DOTALL)
        team.stopped = {"production"}

        team.write("production.md", cut)
        team.settle()

        assert stated_coverage(team.files["evaluation.md"]) == coverage(team.files) == (35, 1)
        assert "- **R7** has no section" in team.files["evaluation.md"]
        assert "- [ ] **R7**" in team.files["management.md"]
        team.stopped = set()
        team.settle()
        assert list(sections(team.files["production.md"])) == list(range(1, 37))
        assert stated_coverage(team.files["evaluation.md"]) == (36, 0)
        assert "- [x] **R7**" in team.files["management.md"]

    def test_fills_an_emptied_section(self) -> None:
        team = settled("fr", demo_request("fr"))
        whole = team.files["production.md"]
        emptied = re.sub(r"(?<=\n)(## R3 [^\n]*\n).*?(?=^## R4)", r"\1\n", whole, flags=re.M | re.S)

        team.write("production.md", emptied)
        team.settle()

        assert len(sections(team.files["production.md"])[3]) > 40
        assert team.files["production.md"].count("## R3 ") == 1

    def test_replaces_former_lines_that_quoted_nothing(self) -> None:
        team = settled("en", "The gate must open.")
        team.stopped = {"production"}
        team.write("production.md", "")
        former = "- **R1** has no section in `production.md`: Gate: open\n"

        team.write("evaluation.md", f"# Evaluation\n\n## Missing sections\n\n{former}")
        team.settle()

        assert former not in team.files["evaluation.md"]
        assert (
            "- **R1** has no section in `production.md`: “The gate must open.”\n"
            in (team.files["evaluation.md"])
        )

    def test_leaves_what_a_person_wrote_in_a_section(self) -> None:
        team = settled("en", demo_request("en"))
        edited = re.sub(
            r"(?<=\n)(## R5 [^\n]*\n).*?(?=^## R6)",
            r"\1\nWe share one calendar; see the note of 12 May.\n\n",
            team.files["production.md"],
            flags=re.MULTILINE | re.DOTALL,
        )

        team.write("production.md", edited)
        team.settle()

        assert team.files["production.md"] == edited

    def test_keeps_numbers_when_the_request_changes(self) -> None:
        team = settled("en", demo_request("en"))
        before = team.files["specifications.md"]
        gone = (
            "A resident must be able to move or cancel a collection until noon on the day before. "
        )
        new = "Every truck must carry a first-aid kit. "
        request = (
            team.files["demande.md"]
            .replace(gone, "")
            .replace("A resident must", f"{new}A resident must", 1)
        )

        team.write("demande.md", request)
        team.settle()

        after = team.files["specifications.md"]
        kept = {line for line in before.splitlines() if line.startswith("- **R")}
        lines = {line for line in after.splitlines() if line.startswith("- **R")}
        assert kept - lines == {f"- **R6** — “{gone.strip()}”"}
        assert lines - kept == {f"- **R37** — “{new.strip()}”"}
        assert "*Numbers retired, never given again: 6.*" in after
        assert sections(team.files["production.md"])[37]
        assert "Section number 6 answers no sentence" in team.files["evaluation.md"]
        assert stated_coverage(team.files["evaluation.md"]) == coverage(team.files) == (36, 0)

    def test_gives_a_sentence_that_returns_its_old_number(self) -> None:
        team = settled("en", "The team must rest. The team must eat.")
        team.write("demande.md", "The team must eat.")
        team.settle()

        team.write("demande.md", "The team must eat. The team must sing. The team must rest.")
        team.settle()

        lines = re.findall(r"^- \*\*R(\d+)\*\* — “(.*)”$", team.files["specifications.md"], re.M)
        assert dict(lines) == {
            "1": "The team must rest.",
            "2": "The team must eat.",
            "3": "The team must sing.",
        }
        assert "retired" not in team.files["specifications.md"]

    def test_numbers_survive_the_loss_of_the_specifications(self) -> None:
        team = settled("en", demo_request("en"))
        before = team.files["specifications.md"]

        team.write("specifications.md", "")
        team.settle()

        assert re.findall(r"R\d+", team.files["specifications.md"]) == re.findall(r"R\d+", before)

    def test_keeps_the_notes_that_people_leave_in_any_document(self) -> None:
        team = settled("en", demo_request("en"))
        for path in [*DOCUMENTS, "duplication.md", "suivi.md"]:
            lines = team.files[path].split("\n")
            at = len(lines) // 2
            team.write(path, "\n".join([*lines[:at], f"My note in {path}.", *lines[at:]]))
        team.write("demande.md", team.files["demande.md"] + "\nThe trucks must be blue.\n")

        team.settle()

        for path in [*DOCUMENTS, "duplication.md", "suivi.md"]:
            assert team.files[path].count(f"My note in {path}.") == 1, path

    def test_keeps_the_tasks_that_people_add(self) -> None:
        team = settled("fr", demo_request("fr"))
        tasks = team.files["management.md"].replace(
            "## Équipe", "- [ ] Appeler Mme Delorme\n\n## Équipe"
        )

        team.write("management.md", tasks)
        team.write("demande.md", team.files["demande.md"] + "\nIl faut repeindre les camions.\n")
        team.settle()

        assert "- [ ] Appeler Mme Delorme\n" in team.files["management.md"]

    def test_ticks_by_the_sections_alone_when_nobody_evaluates(self) -> None:
        team = Team(new_mission("en", "Doors must open."), "en", stopped={"evaluation"})

        team.settle()

        assert "- [x] **R1**" in team.files["management.md"]

    def test_reports_a_passage_that_stands_in_two_files(self) -> None:
        team = settled("en", demo_request("en"))
        passage = "The crews keep their keys in the blue box beside the door of the depot."
        team.write("production/notes.md", f"# Notes\n\n{passage}\n")

        team.write("production.md", team.files["production.md"] + f"\n{passage}\n")
        team.settle()

        line = next(x for x in team.files["duplication.md"].split("\n") if "Identical" in x)
        assert "production.md" in line
        assert "production/notes.md" in line
        assert "blue box" in line

    def test_reports_code_that_stands_twice_under_other_names(self) -> None:
        team = settled("fr", demo_request("fr"))
        code = (
            "def {0}(rows, rate):\n    {1} = 0\n    for row in rows:\n"
            "        {1} += row.price * rate\n    return round({1}, 2)\n"
        )
        team.write("production/a.py", code.format("total", "result"))

        team.write("production/b.py", code.format("somme", "montant"))
        team.settle()

        line = next(x for x in team.files["duplication.md"].split("\n") if "Même code" in x)
        assert "`production/a.py`, sous «\u00a0total\u00a0»" in line
        assert "`production/b.py`, sous «\u00a0somme\u00a0»" in line
        team.write("production/b.py", "VAT = 0.2\n")
        team.settle()
        assert "Même code" not in team.files["duplication.md"]

    @pytest.mark.parametrize(
        ("language", "sentence", "line"),
        [
            ("fr", "Le mot « urgent » doit\u202fêtre lu.", "“{}”"),
            ("fr", "Le mot “urgent” doit être lu.", "«\u00a0{}\u00a0»"),
            ("en", "The word “urgent” must be read.", "‘{}’"),
            ("en", "The word « urgent » must be read.", "“{}”"),
        ],
    )
    def test_quotes_a_quotation_with_other_marks(
        self, language: str, sentence: str, line: str
    ) -> None:
        team = settled(language, sentence)

        assert f"- **R1** — {line.format(sentence)}\n" in team.files["specifications.md"]
        assert f"> {sentence}\n" in team.files["production.md"]
        team.write("demande.md", f"Tout doit aller. {sentence}")
        team.settle()
        assert f"- **R1** — {line.format(sentence)}\n" in team.files["specifications.md"]
        assert numbers(team.files["specifications.md"]) == [2, 1]

    def test_suivi_wakes_nobody(self) -> None:
        team = settled("en", demo_request("en"))
        team.replies.clear()

        team.write("suivi.md", team.files["suivi.md"] + "\nA word of mine.\n")
        team.settle()

        assert {role for role, _ in team.replies} <= {"suivi"}


@pytest.mark.parametrize("name", ODD_REQUESTS)
@pytest.mark.parametrize("language", ["fr", "en"])
class TestOddRequests:
    def test_settle_with_true_documents(self, name: str, language: str) -> None:
        request, count = ODD_REQUESTS[name]

        team = settled(language, request)

        assert len(numbers(team.files["specifications.md"])) == count
        assert sorted(sections(team.files["production.md"])) == list(range(1, count + 1))
        if count:
            assert stated_coverage(team.files["evaluation.md"]) == (count, 0)
        for path, text in team.files.items():
            assert path == "demande.md" or repeated_sentences(text) == [], path
            assert len(text.encode()) <= 1024 * 1024
            assert max(map(len, text.split("\n"))) <= 20_000 or path == "demande.md"

    def test_are_judged_in_words_that_stand_there(self, name: str, language: str) -> None:
        mission = new_mission(language, ODD_REQUESTS[name][0])
        team = Team(mission, language, stopped={"production"})

        team.settle()

        assert doubts(team) == []

    def test_change_nothing_when_asked_again(self, name: str, language: str) -> None:
        team = settled(language, ODD_REQUESTS[name][0])
        files = dict(team.files)

        team._seen.clear()
        team.work_once()

        assert {p: t for p, t in team.files.items() if p != "suivi.md"} == {
            p: t for p, t in files.items() if p != "suivi.md"
        }
