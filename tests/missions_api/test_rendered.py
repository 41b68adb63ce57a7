from rest_framework.test import APIClient

from parallagon.accounts.models import User
from tests.missions_api.conftest import browser


class TestReadRendered:
    def test_shows_a_document_as_html(self, client: APIClient, url: str) -> None:
        answer = client.get(f"{url}files/production.md/rendered")

        assert answer.status_code == 200
        assert answer.json()["html"].startswith("<h1>Title</h1>\n<p>First.</p>")
        assert (answer.json()["path"], answer.json()["revision"]) == ("production.md", 1)

    def test_shows_other_texts_as_they_stand(self, client: APIClient, url: str) -> None:
        client.post(f"{url}files/", {"path": "data.csv", "text": "<a>,1\n"}, format="json")

        answer = client.get(f"{url}files/data.csv/rendered")

        assert answer.json()["html"] == "<pre><code>&lt;a&gt;,1\n</code></pre>"

    def test_is_not_sent_twice(self, client: APIClient, url: str) -> None:
        tag = client.get(f"{url}files/production.md/rendered").headers["ETag"]

        again = client.get(f"{url}files/production.md/rendered", headers={"If-None-Match": tag})

        assert again.status_code == 304

    def test_is_nothing_to_a_stranger(self, stranger: User, url: str) -> None:
        assert browser(stranger).get(f"{url}files/production.md/rendered").status_code == 404
