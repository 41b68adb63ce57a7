"""What is said twice: near-duplicate passages of prose, and functions of the same shape.

Pure functions of texts; they know no Django, and what they cost is bounded whatever they are given.
"""

from agents.likeness.finding import Finding, Place, Report
from agents.likeness.report import find_repetitions

__all__ = ["Finding", "Place", "Report", "find_repetitions"]
