"""Parameters of a trial: which settings of the plan a search tries, and between which bounds."""

from typing import TYPE_CHECKING, Any

from brique.errors import RunError
from brique.workbench import study_storage

if TYPE_CHECKING:
    from optuna import Study, Trial

_FACTORS = {"lr": 5.0, "weight_decay": 10.0}  # a setting is tried from 1/x to x times the plan's
_UPPER_BOUNDS = {
    "dropout": 0.6,
    "smoothing": 0.15,
    "shift": 0.2,
    "zoom": 0.25,
    "light": 0.4,
}  # from 0 on
_MULTIPLIERS = {"width": (0.5, 1.0, 1.5), "batch_size": (0.5, 1.0, 2.0)}  # twice the width is slow


def suggest(trial: "Trial", plan: dict[str, Any]) -> dict[str, Any]:
    """Suggest parameters: factors of the plan's settings, or values."""
    for name, factor in _FACTORS.items():
        if plan.get(name):
            trial.suggest_float(f"{name} x", 1 / factor, factor, log=True)
    for name, upper in _UPPER_BOUNDS.items():
        if isinstance(plan.get(name), float):
            trial.suggest_float(name, 0.0, max(upper, plan[name]))
    for name, factors in _MULTIPLIERS.items():
        if plan.get(name):
            trial.suggest_categorical(f"{name} x", factors)
    return dict(trial.params)


def plan_params(plan: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that stand for the plan itself: the first trial."""
    params = {f"{name} x": 1.0 for name in (*_FACTORS, *_MULTIPLIERS) if plan.get(name)}
    return params | {
        name: plan[name] for name in _UPPER_BOUNDS if isinstance(plan.get(name), float)
    }


def apply_params(plan: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that parameters stand for; the examples seen stay as many."""
    changes: dict[str, Any] = {}
    for key, value in params.items():
        name = key.removesuffix(" x")
        if name not in (*_FACTORS, *_UPPER_BOUNDS, *_MULTIPLIERS) or not isinstance(
            value, int | float
        ):
            raise RunError(
                f"{study_storage.DATABASE}: tries '{key}' as {value!r:.80}, which no search does;"
                " remove it: the trials are read again from their folders."
            )
        changes[name] = plan[name] * value if key.endswith(" x") else value
        if isinstance(plan[name], int):
            changes[name] = plan[name] if value == 1 else max(8, 8 * round(changes[name] / 8))
    if "batch_size" in changes:
        changes["turns"] = max(1, round(plan["turns"] * plan["batch_size"] / changes["batch_size"]))
    return changes


def importances(study: "Study") -> dict[str, float]:
    """Return the importance of each setting: its share of the variance between trials."""
    from optuna.importance import get_param_importances

    try:
        return {
            name: float(importance) for name, importance in get_param_importances(study).items()
        }
    except (ValueError, RuntimeError):
        return {}
