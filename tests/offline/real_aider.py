"""Real Aider without a model: makes the prompt, hands it over, applies the reply it gets back.

Run as a program it answers one JSON line with one JSON line, twice a turn: a task (files, roles of
the files, prompt, format) gives the messages that Aider would send; a reply gives the files.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def serve() -> None:
    lines = iter(sys.stdin)
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in lines:
        with tempfile.TemporaryDirectory() as folder:
            for answer in turn(json.loads(line), lines, Path(folder)):
                answers.write(json.dumps(answer) + "\n")
                answers.flush()


def turn(task: dict[str, Any], lines: Iterator[str], folder: Path) -> Iterator[Any]:
    for path, text in task["files"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    coder = make_coder(task, folder)
    coder.cur_messages = [{"role": "user", "content": task["prompt"]}]
    yield coder.format_messages().all_messages()
    # What Aider does to a reply when it has arrived.
    coder.partial_response_content = json.loads(next(lines)).strip()
    coder.reflected_message = None
    coder.apply_updates()
    found = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    yield {"files": found, "complaint": coder.reflected_message}


def make_coder(task: dict[str, Any], folder: Path) -> Any:
    from aider import models
    from aider.coders import Coder
    from aider.io import InputOutput

    models.model_info_manager.content = {"none": {}}
    model = models.Model("openai/writer", weak_model="openai/writer")
    model.reminder = task["reminder"]
    model.examples_as_sys_msg = task["examples_as_sys_msg"]
    coder = Coder.create(
        main_model=model,
        edit_format=task["format"],
        io=InputOutput(yes=True, pretty=False, fancy_input=False),
        fnames=[str(folder / path) for path in task["editable"]],
        read_only_fnames=[str(folder / path) for path in task["readonly"]],
        use_git=False,
        map_tokens=0,
        suggest_shell_commands=False,
        detect_urls=False,
        auto_lint=False,
        stream=False,
    )
    coder.root = str(folder.resolve())
    coder.abs_root_path_cache = {}
    return coder


if __name__ == "__main__":
    serve()
