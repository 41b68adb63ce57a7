"""The protocols that models are spoken to in: one module for each family of providers."""

from __future__ import annotations

from collections.abc import Mapping

from agents.gateway.families.anthropic import Anthropic
from agents.gateway.families.base import Family
from agents.gateway.families.gemini import Gemini
from agents.gateway.families.openai import OpenAI
from agents.gateway.protocol import Upstream

FAMILIES: Mapping[str, Family] = {
    family.name: family for family in (OpenAI(), Anthropic(), Gemini())
}


def family_of(upstream: Upstream) -> Family:
    """Return the protocol that this upstream speaks; the offline writer speaks OpenAI's."""
    return FAMILIES.get(upstream.family or upstream.kind, FAMILIES["openai"])
