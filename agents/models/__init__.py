"""Who works, what they did, and what it took."""

from agents.models.agents import Agent, AgentTransition
from agents.models.runs import AgentRun, ModelCall

__all__ = ["Agent", "AgentRun", "AgentTransition", "ModelCall"]
