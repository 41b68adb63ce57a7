"""A mission that comes in as a ZIP and goes out as one, through a real server."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.archives import zip_of
from tests.browser.person import Person

VISIT = "# Visit\n\nThe hall was cold.\r\n"
FILES: dict[str, bytes | str] = {
    "Ideas/demande.md": "# A choir's room\n\nFind a room.\n",
    "Ideas/notes/visit.md": VISIT,
    "Ideas/hall.png": b"\xff\xd8",
}


class TestImportAndExport:
    def test_a_folder_comes_in_and_goes_out_again(self, owner: Person, tmp_path: Path) -> None:
        bring(owner, tmp_path)

        expect(owner.title).to_have_text("A choir's room")
        expect(owner.page.get_by_text("Left out: hall.png")).to_be_visible()
        owner.choose("notes/visit.md")
        expect(owner.preview("notes/visit.md")).to_contain_text("The hall was cold.")

        archive = take(owner, "Export the files (ZIP)")
        with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
            assert opened.testzip() is None
            assert opened.read("notes/visit.md") == VISIT.encode()
        assert archive.name == "A choir's room.zip"

    def test_everything_goes_out_and_comes_back(self, owner: Person, tmp_path: Path) -> None:
        bring(owner, tmp_path)
        expect(owner.title).to_have_text("A choir's room")

        archive = take(owner, "Export with the history")
        owner.page.get_by_role("button", name="New mission").click()
        owner.dialog.locator("input[type=file]").set_input_files(archive)
        owner.dialog.get_by_label("Title").fill("The copy")
        owner.dialog.get_by_role("button", name="Import the mission").click()

        expect(owner.title).to_have_text("The copy")

    def test_git_takes_the_bundle(self, owner: Person, tmp_path: Path) -> None:
        bring(owner, tmp_path)
        expect(owner.title).to_have_text("A choir's room")

        bundle = take(owner, "Export for Git (bundle)")

        if shutil.which("git"):
            verified = subprocess.run(
                ["git", "bundle", "list-heads", bundle], check=True, capture_output=True, text=True
            )
            assert "refs/heads/main" in verified.stdout

    def test_a_damaged_archive_is_told(self, owner: Person, tmp_path: Path) -> None:
        file = tmp_path / "damaged.zip"
        file.write_bytes(zip_of({"demande.md": "x"})[:-4])
        owner.page.goto(owner.address)
        owner.page.get_by_role("button", name="New mission").click()
        owner.dialog.locator("input[type=file]").set_input_files(file)
        owner.forgive("missions/import")
        owner.dialog.get_by_role("button", name="Import the mission").click()

        expect(owner.dialog.get_by_role("alert")).to_contain_text("not a ZIP archive")
        owner.dialog.get_by_role("button", name="Cancel").click()


def bring(person: Person, folder: Path) -> None:
    """Import a folder that someone packed, without starting its team."""
    file = folder / "Ideas.zip"
    file.write_bytes(zip_of(FILES))
    person.page.goto(person.address)
    person.page.get_by_role("button", name="New mission").click()
    person.dialog.locator("input[type=file]").set_input_files(file)
    expect(person.dialog.get_by_text("From Ideas.zip")).to_be_visible()
    person.dialog.get_by_label("Start the team at once").uncheck()
    person.shoot("import")
    person.dialog.get_by_role("button", name="Import the mission").click()
    expect(person.dialog).to_be_hidden()


def take(person: Person, label: str) -> Path:
    """Export the open mission by its menu; return the file under the name it came with."""
    person.page.get_by_role("button", name="What to do with this mission").click()
    person.shoot("mission-menu")
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name=label).click()
    path = Path(download.value.path()).with_name(download.value.suggested_filename)
    download.value.save_as(path)
    return path
