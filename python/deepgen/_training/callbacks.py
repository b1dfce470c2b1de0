"""Callbacks: support of scikit-learn's callback protocol (1.9 and later).

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
        """Stand-in for older versions of scikit-learn without callbacks.

        Examples
        --------
        >>> from deepgen._training.callbacks import CallbackSupport
        >>> issubclass(CallbackSupport, object)
        True
        """

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method unchanged, since there are no callbacks.

        Parameters
        ----------
        method : callable
            The method.

        Returns
        -------
        method : callable
            The same method.
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
        The estimator that is fitted.
    X, y, sample_weight : array-like
        The training data as the user gave them; passed on without a copy.
    n_epochs : int
        Largest number of epochs of this call.
    attributes : callable
        Function from a network to the fitted attributes that make ``model`` predict with it. It is
        called only if a callback needs a fitted estimator.

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
        """Report the beginning of an epoch."""
        self._epoch = self._fit.subcontext(task_name="iteration")
        self._epoch.call_on_fit_task_begin(
            **self._common, reconstruction_attributes=lambda: self._attributes(network)
        )

    def end(self, network: Network | None) -> bool:
        """Report the end of an epoch; ``network`` has its final weights, None after a failure."""
        if self._epoch is None:
            return False
        epoch, self._epoch = self._epoch, None
        how = None if network is None else lambda: self._attributes(network)
        return bool(epoch.call_on_fit_task_end(**self._common, reconstruction_attributes=how))

    def close(self) -> None:
        """Report the end of the fit, and of an interrupted epoch; the model is fitted by now."""
        self.end(None)
        self._fit.call_on_fit_task_end(**self._common, reconstruction_attributes={})
