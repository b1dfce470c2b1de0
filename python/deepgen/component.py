"""Components: plain dataclasses that name a member of an engine family and its settings.

An optimizer, a loss or a normalization is an object such as ``Adam(beta_2=0.95)``. Its constructor
converts and validates nothing, so that scikit-learn's ``clone`` and ``GridSearchCV`` can take it
apart; the engine checks names and ranges when a fit begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from deepgen import _core

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Component", "resolve"]


@dataclass(repr=False)
class Component:
    """A named member of an engine family together with its settings.

    Examples
    --------
    >>> from deepgen.optimizers import Adam
    >>> Adam(beta_2=0.95)
    Adam(beta_2=0.95)
    >>> Adam().set_params(beta_1=0.8).get_params()["beta_1"]
    0.8
    """

    name: ClassVar[str] = ""
    ranges: ClassVar[dict[str, tuple[float, float]]] = {}
    """Lowest and highest value of the fields that Python uses by itself."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name, as scikit-learn's ``clone`` asks for them.

        Parameters
        ----------
        deep : bool, default=True
            Whether fields of components inside this one are listed too, as ``base__rho``.

        Returns
        -------
        params : dict
            Field name to value.
        """
        params: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            params[field.name] = value
            if deep and isinstance(value, Component):
                inner = value.get_params()
                params.update({f"{field.name}__{key}": inner[key] for key in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Change fields by name.

        Parameters
        ----------
        **params : dict
            Field name to value; ``base__rho`` reaches into a component inside this one.

        Returns
        -------
        self : Component
            This object.

        Raises
        ------
        ValueError
            If there is no such field.
        """
        known = [field.name for field in fields(self)]
        for key, value in params.items():
            name, _, rest = key.partition("__")
            inner = getattr(self, name, None)
            if name not in known or (rest and not isinstance(inner, Component)):
                raise ValueError(
                    f"{type(self).__name__} has no parameter '{key}'; known: {', '.join(known)}"
                )
            if rest:
                assert isinstance(inner, Component)
                inner.set_params(**{rest: value})
            else:
                setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        changed = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING or repr(value) != repr(field.default):
                changed.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def check(self) -> None:
        """Refuse fields that are out of range, of those that the engine does not see.

        Raises
        ------
        ValueError
            If a field is no number or outside its range.
        """
        for key, (low, high) in self.ranges.items():
            value = getattr(self, key)
            if value is None:
                continue
            if not isinstance(value, Real):
                raise ValueError(f"{type(self).__name__}: {key} must be a number, got {value!r}")
            if not low <= float(value) <= high:
                raise ValueError(
                    f"{type(self).__name__}: {key} must be in [{low:g}, {high:g}], got {value!r}"
                )

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float or list of float
            What the engine is told; its catalog lists names and ranges.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def to_core(self) -> _core.Component:
        """Return the engine's description of this component.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings, numbers converted to float.

        Raises
        ------
        ValueError
            If a setting is not a number.
        """
        settings: dict[str, float | list[float]] = {}
        for key, value in self.settings().items():
            try:
                if hasattr(value, "__iter__") and not isinstance(value, str):
                    settings[key] = [float(number) for number in value]
                else:
                    settings[key] = float(value)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{type(self).__name__}: {key} must be a number, got {value!r}"
                ) from None
        return _core.Component(self.name, settings)


Member = TypeVar("Member")


def resolve(value: Any, members: Mapping[str, type[Member]], what: str) -> Member:
    """Return the component that a constructor parameter names or already is.

    Parameters
    ----------
    value : str or Component
        A known name, which stands for the member with its defaults, or the component itself.
    members : mapping of str to type
        The names that are known.
    what : str
        Name of the parameter, for the message.

    Returns
    -------
    component : Component
        ``value`` itself where it is a component.

    Raises
    ------
    ValueError
        If the name is not known.
    """
    if not isinstance(value, str):
        component: Member = value
        return component
    if value not in members:
        raise ValueError(f"unknown {what} '{value}'; known: {', '.join(sorted(members))}")
    return members[value]()
