"""Who works, what they did, and what it took."""

from agents.models.agents import Agent, AgentTransition
from agents.models.budgets import Budget, BudgetNotice, Till
from agents.models.failures import (
    HEALING,
    ILL,
    UNTIL_CONFIGURED,
    UNTIL_INPUTS_CHANGE,
    Failure,
)
from agents.models.guidance import Instruction, PromptVersion
from agents.models.runs import AgentRun, ModelCall

__all__ = [
    "HEALING",
    "ILL",
    "UNTIL_CONFIGURED",
    "UNTIL_INPUTS_CHANGE",
    "Agent",
    "AgentRun",
    "AgentTransition",
    "Budget",
    "BudgetNotice",
    "Failure",
    "Instruction",
    "ModelCall",
    "PromptVersion",
    "Till",
]
