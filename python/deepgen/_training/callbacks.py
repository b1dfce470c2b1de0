"""Callbacks: scikit-learn's protocol (1.9 and later) around the epochs of training.

Older versions of scikit-learn have no callbacks; then estimators have no ``set_callbacks``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deepgen._network.network import Network

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks
except ImportError:  # scikit-learn < 1.9

    class CallbackSupport:  # type: ignore[no-redef]
        """Stands where scikit-learn has no callbacks.

        Examples
        --------
        >>> from deepgen._training.callbacks import CallbackSupport
        >>> issubclass(CallbackSupport, object)
        True
        """

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method as it is: there are no callbacks to look after.

        Parameters
        ----------
        method : callable
            The method.

        Returns
        -------
        method : callable
            The same.
        """
        return method


if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

__all__ = ["CallbackSupport", "CallbackTasks", "with_callbacks"]


class CallbackTasks:
    """Reports a fit to scikit-learn's callbacks: one task with one subtask per epoch.

    Parameters
    ----------
    model : estimator
        What is being fitted.
    X, y, sample_weight : array-like
        The training data as the user gave them; handed on, never copied.
    n_epochs : int
        Epochs of this call, at most.
    attributes : callable
        From a network to the fitted attributes that make ``model`` predict with it. Called only if
        a callback asks for a fitted estimator.

    Examples
    --------
    >>> from deepgen._training.callbacks import CallbackTasks
    >>> [name for name in vars(CallbackTasks) if not name.startswith("_")]
    ['begin', 'end', 'close']
    """

    def __init__(
        self,
        model: Any,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        n_epochs: int,
        attributes: Callable[[Network], dict[str, Any]],
    ) -> None:
        self._attributes = attributes
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._common = {"estimator": model, "X": X, "y": y, "metadata": metadata}
        self._epoch: CallbackContext | None = None
        self._fit: CallbackContext = model._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._common)

    def begin(self, network: Network) -> None:
        """Begin an epoch."""
        self._epoch = self._fit.subcontext(task_name="iteration")
        self._epoch.call_on_fit_task_begin(
            **self._common, reconstruction_attributes=lambda: self._attributes(network)
        )

    def end(self, network: Network | None) -> bool:
        """End the epoch; ``network`` has the weights that it led to, None where of no use."""
        if self._epoch is None:
            return False
        epoch, self._epoch = self._epoch, None
        how = None if network is None else lambda: self._attributes(network)
        return bool(epoch.call_on_fit_task_end(**self._common, reconstruction_attributes=how))

    def close(self) -> None:
        """End the fit, and with it an epoch that was cut short; the model is fitted by now."""
        self.end(None)
        self._fit.call_on_fit_task_end(**self._common, reconstruction_attributes={})
