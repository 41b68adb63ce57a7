"""Who works, what they did, and what it took."""

from agents.models.agents import Agent, AgentTransition
from agents.models.budgets import Budget, BudgetNotice, Till
from agents.models.guidance import Instruction, PromptVersion
from agents.models.runs import AgentRun, ModelCall

__all__ = [
    "Agent",
    "AgentRun",
    "AgentTransition",
    "Budget",
    "BudgetNotice",
    "Instruction",
    "ModelCall",
    "PromptVersion",
    "Till",
]
