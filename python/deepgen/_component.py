"""Components: plain dataclasses for a member of an engine family and its settings.

An optimizer, a loss or a normalization is an object such as ``Adam(beta_2=0.95)``. Its constructor
converts and validates nothing, as scikit-learn's ``clone`` and ``GridSearchCV`` require; names and
ranges are checked at the beginning of a fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from deepgen import _core
from deepgen._names import hint
from deepgen._settings import settings_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Component", "resolve"]


@dataclass(repr=False)
class Component:
    """A member of an engine family together with its settings.

    Examples
    --------
    >>> from deepgen.optimizers import Adam
    >>> Adam(beta_2=0.95)
    Adam(beta_2=0.95)
    >>> Adam().set_params(beta_1=0.8).get_params()["beta_1"]
    0.8
    """

    name: ClassVar[str] = ""
    family: ClassVar[str] = ""
    """The engine's family; empty for components that only Python knows."""
    engine_names: ClassVar[dict[str, str]] = {}
    """Fields with another name in the engine's catalog, with that name."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name, as scikit-learn's ``clone`` requires.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the fields of nested components, as ``base__rho``.

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
            Field name to value; ``base__rho`` sets a field of a nested component.

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
                    f"{type(self).__name__} has no parameter '{key}'; known: {', '.join(known)}."
                    f"{hint(name, known)}"
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
            value, default = getattr(self, field.name), field.default
            if field.default_factory is not MISSING:
                default = field.default_factory()
            if default is MISSING or repr(value) != repr(default):
                changed.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def check(self) -> None:
        """Refuse fields that are out of range.

        Raises
        ------
        ValueError
            If a field has the wrong type, is out of range or is an unknown name.
        """
        for key, setting in settings_of(type(self)).items():
            value = getattr(self, key)
            if setting.moves and isinstance(value, Component):
                value.check()
                continue
            # Defaults need no check here: a test verifies that they are in their ranges.
            if value is not setting.default and (refusal := setting.refusal(key, value)):
                if setting.kind is dict and isinstance(value, Mapping):
                    value = next((name for name in value if name not in setting.choices), None)
                meant = hint(value, setting.choices)
                raise ValueError(f"{type(self).__name__}: {refusal}{meant and '.' + meant}")

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float or list of float
            Settings in the engine's catalog; None is replaced by the engine's default.
        """
        settings: dict[str, Any] = {}
        for key, setting in settings_of(type(self)).items():
            if setting.engine_name:
                value = getattr(self, key)
                if value is None or isinstance(value, Component):
                    value = setting.engine_default  # what moves is given step by step
                elif setting.kind is str:
                    value = setting.choices.index(value)
                settings[setting.engine_name] = value
        return settings

    def to_core(self) -> _core.Component:
        """Return the engine's description of this component.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings, after `check`.
        """
        self.check()
        return _core.Component(self.name, self.settings())


Member = TypeVar("Member")


def resolve(value: Any, members: Mapping[str, type[Member]], what: str) -> Member:
    """Return the component for a constructor parameter, which is a name or a component.

    Parameters
    ----------
    value : str or Component
        A known name, for the member with its defaults, or the component itself.
    members : mapping of str to type
        Known names with their classes.
    what : str
        Name of the parameter, for messages.

    Returns
    -------
    component : Component
        ``value`` itself if it is a component.

    Raises
    ------
    ValueError
        If the name is unknown, or the component is an instance of a base class.
    """
    if not isinstance(value, str):
        kinds = set(members.values())
        if type(value) not in kinds and any(issubclass(kind, type(value)) for kind in kinds):
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise ValueError(
                f"{what} is a bare {type(value).__name__}, which stands for all of its kind; give "
                f"one of {names}"
            )
        component: Member = value
        return component
    if value not in members:
        known = ", ".join(sorted(members))
        raise ValueError(f"unknown {what} '{value}'; known: {known}.{hint(value, members)}")
    return members[value]()
