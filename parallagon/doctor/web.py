"""What pages and letters need: built files, a way for e-mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage

from parallagon.doctor.finding import Finding, fine, problem, warning

SMTP: Final = "django.core.mail.backends.smtp.EmailBackend"


def examine() -> Iterator[Finding]:
    """Look for the built files, and at the settings of e-mail."""
    yield from _built()
    yield from _email()


def _built() -> Iterator[Finding]:
    page = settings.DJANGO_VITE["default"]
    if page["dev_mode"]:
        yield warning(
            "web.built",
            "PARALLAGON_VITE_DEV is true: pages are fetched from a development server.",
            "Take it out, unless you are changing the pages.",
        )
    elif not Path(str(page["manifest_path"])).is_file():
        yield problem(
            "web.built", "The pages have not been built.", "Build them: make build (needs Node)."
        )
    else:
        yield fine("web.built", "The pages are built.")
    if isinstance(staticfiles_storage, ManifestFilesMixin):
        manifest = Path(settings.STATIC_ROOT) / staticfiles_storage.manifest_name
        if not manifest.is_file():
            yield problem(
                "web.collected",
                f"Static files have not been collected in {settings.STATIC_ROOT}.",
                "Collect them: manage.py collectstatic --no-input",
            )


def _email() -> Iterator[Finding]:
    if settings.EMAIL_BACKEND != SMTP:
        kind = settings.EMAIL_BACKEND.rpartition(".backends.")[2].partition(".")[0]
        yield warning(
            "web.email",
            f"No e-mail leaves this installation (it goes to: {kind}): invitations and "
            "notifications by e-mail reach nobody.",
            "Set EMAIL_URL, such as smtp+tls://mail.example.org:587.",
        )
    else:
        yield fine("web.email", f"E-mail goes through {settings.EMAIL_HOST}.")
