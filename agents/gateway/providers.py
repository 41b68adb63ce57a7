"""Know the providers of models: where each is, which family it speaks, which variables name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from agents.gateway.keys import has_key
from agents.gateway.protocol import GatewayError

FamilyName = Literal["openai", "anthropic", "gemini"]


class ModelUnavailable(GatewayError):  # noqa: N818 - says what happened
    """A model that cannot be used here; the text is a sentence that names what to set."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Someone who lets models be called, in the protocol of one family.

    Without `base_url` the address comes from `base_variable` alone, and so does what is offered:
    the server itself is asked for its models. `models` are the known ones where nobody is asked,
    and, with `keeps_models`, where the server that was asked tells none.
    """

    prefix: str
    label: str
    key_variables: tuple[str, ...]  # the first that is set counts
    family: FamilyName = "openai"
    base_url: str = ""
    base_variable: str = ""
    base_ending: str = ""
    needs_key: bool = True
    models: tuple[str, ...] = ()
    keeps_models: bool = False

    def address(self, environment: Mapping[str, str]) -> str:
        """Return where the provider is, "" when that is not known here.

        Raises ModelUnavailable for an address that is none.
        """
        own = environment.get(self.base_variable, "").strip().rstrip("/")
        if not own:
            return self.base_url
        if not _is_address(own):
            raise ModelUnavailable(
                f"{self.base_variable} is not an address such as http://127.0.0.1:8001/v1."
            )
        return own if own.endswith(self.base_ending) else own + self.base_ending

    def is_custom(self, environment: Mapping[str, str]) -> bool:
        """Tell whether calls go to an address of the installation's own."""
        return bool(environment.get(self.base_variable, "").strip())

    def key_variable(self, environment: Mapping[str, str]) -> str | None:
        """Return the variable whose key is sent, `None` when no key is set."""
        return next((name for name in self.key_variables if has_key(name, environment)), None)

    def key_missing(self, environment: Mapping[str, str]) -> bool:
        """Tell whether a key is needed and not set. Servers of one's own may do without."""
        needs_key = self.needs_key and not self.is_custom(environment)
        return needs_key and self.key_variable(environment) is None


PROVIDERS = (
    Provider(
        prefix="openai",
        label="OpenAI",
        key_variables=("OPENAI_API_KEY",),
        base_url="https://api.openai.com/v1",
        base_variable="OPENAI_API_BASE",
        models=("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"),
    ),
    Provider(
        prefix="anthropic",
        label="Anthropic",
        key_variables=("ANTHROPIC_API_KEY",),
        family="anthropic",
        base_url="https://api.anthropic.com/v1",
        base_variable="ANTHROPIC_API_BASE",
        base_ending="/v1",
        models=("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"),
        keeps_models=True,
    ),
    Provider(
        prefix="gemini",
        label="Google Gemini",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        family="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        base_variable="GEMINI_API_BASE",
        base_ending="/v1beta",
        models=("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"),
        keeps_models=True,
    ),
    Provider(
        prefix="openrouter",
        label="OpenRouter",
        key_variables=("OPENROUTER_API_KEY",),
        base_url="https://openrouter.ai/api/v1",
        base_variable="OPENROUTER_API_BASE",
        models=(
            "anthropic/claude-sonnet-4",
            "google/gemini-2.5-pro",
            "deepseek/deepseek-chat",
            "mistralai/mistral-large",
        ),
    ),
    Provider(
        prefix="mistral",
        label="Mistral",
        key_variables=("MISTRAL_API_KEY",),
        base_url="https://api.mistral.ai/v1",
        base_variable="MISTRAL_API_BASE",
        models=("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest"),
    ),
    Provider(
        prefix="deepseek",
        label="DeepSeek",
        key_variables=("DEEPSEEK_API_KEY",),
        base_url="https://api.deepseek.com/v1",
        base_variable="DEEPSEEK_API_BASE",
        models=("deepseek-chat",),
    ),
    Provider(
        prefix="ollama",
        label="Ollama",
        key_variables=("OLLAMA_API_KEY",),
        base_variable="OLLAMA_API_BASE",
        base_ending="/v1",
        needs_key=False,
    ),
)
BY_PREFIX: Mapping[str, Provider] = {provider.prefix: provider for provider in PROVIDERS}


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
