"""The training plan: that for inputs of any kind."""

from brique.planning.fields import plan_fields as plan

__all__ = ["plan"]
