"""What the model is told, and what it is not."""

import os
from pathlib import Path

import pytest

from missions.storage import FileManager
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block
from tests.waiting import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "# Production\n", "# Written\n")
CANARY = "canary-93b1d4"


def last_prompt(model: ScriptedModel) -> str:
    return "\n".join(str(message["content"]) for message in model.calls[-1]["messages"])


class TestWhatARoleIsTold:
    def test_its_role_its_files_and_what_stands_in_them(self, team: Team, model: ScriptedModel):
        team.run("production")

        prompt = last_prompt(model)
        assert "Parallagon role: production | language: en | format: diff" in prompt
        for line in ("- write `production.md`", "- create `production/**`", "- read `demande.md`"):
            assert line in prompt
        assert "The tool must count words." in prompt
        assert "suivi.md" not in prompt

    def test_the_mission_speaks_its_language(self, team: Team, model: ScriptedModel):
        type(team.mission).objects.filter(pk=team.mission.pk).update(language="fr")

        team.run("production")

        assert "| language: fr |" in last_prompt(model)

    def test_suivi_hears_what_others_did_since_its_last_run(self, team: Team, model: ScriptedModel):
        team.start("evaluation")
        team.run("suivi")
        team.save("demande.md", "# New\n\nIt must sing.\n")
        model.enqueue(EDIT)
        team.run("production")
        model.enqueue(search_block("../x", "", "owned\n"))
        model.enqueue("I cannot do more.\n")
        team.run("management")

        team.run("suivi")

        told = [line for line in last_prompt(model).splitlines() if line.startswith("- 20")]
        assert [line.split(" | ")[1:4] for line in told[:2]] == [
            ["Ada Lovelace", "demande.md", "revision 2"],
            ["production", "production.md", "revision 2"],
        ]
        assert "rejected" in told[2]
        assert len(told) == 3

        team.save("evaluation.md", "# Mine\n")
        team.run("suivi")

        told = [line for line in last_prompt(model).splitlines() if line.startswith("- 20")]
        assert len(told) == 1, "nothing is told twice"
        assert "evaluation.md" in told[0]

    def test_management_hears_how_the_others_do(self, team: Team, model: ScriptedModel):
        team.start("suivi")
        model.enqueue(EDIT)
        team.run("production")

        team.run("management")

        prompt = last_prompt(model)
        assert "- agent production: IDLE, last outcome changed" in prompt
        assert "- agent specifications: STOPPED" in prompt


class TestWhatLiesInTheFolder:
    def test_links_odd_files_and_dotfiles_do_not_travel(
        self, team: Team, model: ScriptedModel, tmp_path: Path
    ):
        secret = tmp_path / "secret.md"
        secret.write_text(f"{CANARY}\n")
        root = FileManager(team.mission).root
        (root / "production").mkdir(exist_ok=True)
        (root / "production" / "link.md").symlink_to(secret)
        os.link(secret, root / "production" / "hard.md")
        os.mkfifo(root / "production" / "pipe.md")
        (root / "production" / "logo.md").write_bytes(b"\x89PNG\x00\xff")
        (root / ".env").write_text(f"OPENAI_API_BASE={CANARY}\n")
        (root / ".aider.conf.yml").write_text(f"read: {secret}\n")
        model.enqueue(EDIT)

        run = team.run("production")

        assert run.outcome == "changed", run.reason
        prompts = model.prompts()
        assert f"OPENAI_API_BASE={CANARY}" not in prompts
        assert "link.md" not in prompts
        assert "pipe.md" not in prompts
        assert secret.read_text() == f"{CANARY}\n"
        assert (root / "production" / "link.md").is_symlink()

    def test_what_another_program_wrote_is_seen(self, team: Team, model: ScriptedModel):
        path = FileManager(team.mission).root / "demande.md"
        path.write_text("# By hand\n\nIt must hum.\n")

        team.run("production")

        assert "It must hum." in last_prompt(model)
        assert team.text("demande.md") == "# By hand\n\nIt must hum.\n"

    def test_line_endings_and_byte_order_mark_stay(self, team: Team, model: ScriptedModel):
        path = FileManager(team.mission).root / "production.md"
        path.write_bytes("\ufeffFirst.\r\n\r\nSecond.\r\n".encode())
        model.enqueue(search_block("production.md", "First.\n", "First, changed.\n"))

        run = team.run("production")

        assert run.outcome == "changed", run.reason
        assert path.read_bytes() == "\ufeffFirst, changed.\r\n\r\nSecond.\r\n".encode()


class TestWhileItRuns:
    def test_what_is_said_can_be_read_before_the_end(self, team: Team, model: ScriptedModel):
        reply = model.enqueue("I think of words.\n", "Nothing to do.\n", hold=True)
        with team.running("production") as background:
            wait_until(lambda: "I think of words." in team.log(background.run_id, "reply"))
            reply.may_finish.set()

        run = background.join()
        assert "Nothing to do." in team.log(run, "reply")
