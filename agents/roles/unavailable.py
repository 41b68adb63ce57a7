"""What is left of a role that the settings no longer name: its name."""

from agents.roles.base import AiderAgent


class UnavailableRole(AiderAgent):
    """Owns and watches nothing, so that nothing wakes it; its agent can only be stopped."""

    writes = ()
    is_available = False

    def __init__(self, role: str) -> None:
        # What others declare on their class, this one learns: the database kept the name.
        vars(self).update(role=role, label=role)

    def shipped_prompt(self, language: str) -> str:
        return ""
