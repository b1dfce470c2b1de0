"""Fitted attributes, predictions and representations of estimators for tables."""

from __future__ import annotations

import os
from copy import copy
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse, vstack
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from deepgen._display.documented import Documented
from deepgen._display.html import table as html_table
from deepgen._engine.arrays import AnyArray
from deepgen.preprocessing import TableEncoder
from deepgen.preprocessing.chunks import encoded_chunks
from deepgen.probe.attributions import Attributions
from deepgen.tabular.attributions import attribute
from deepgen.tabular.plan import Plan
from deepgen.tabular.saving import save_tabular
from deepgen.tabular.summary import describe_encoder, describe_network, describe_plan

__all__ = ["FittedTabular"]


class FittedTabular(Documented, BaseEstimator):
    """Base with an encoder and an MLP, not for direct use.

    Examples
    --------
    >>> from deepgen import TabularRegressor
    >>> from deepgen.tabular.fitted import FittedTabular
    >>> issubclass(TabularRegressor, FittedTabular)
    True
    """

    _task: ClassVar[str]
    max_time: float | None

    encoder_: TableEncoder
    mlp_: Any
    plan_: Plan
    encoded_mean_: NDArray[np.float64]
    summary_: str

    def __sklearn_is_fitted__(self) -> bool:
        return "mlp_" in vars(self)

    def _encoded(self, X: Any) -> AnyArray:
        """Return the rows of a table in the MLP's form."""
        check_is_fitted(self)
        encoded: AnyArray = self.encoder_.transform(X)
        return encoded

    def _predicted(self, X: Any, method: str) -> Any:
        """Call a method of the MLP with encoded rows chunk by chunk, which bounds the memory."""
        check_is_fitted(self)
        predict = getattr(self.mlp_, method)
        parts = [predict(chunk) for chunk in encoded_chunks(self.encoder_, X)]
        if len(parts) == 1:
            return parts[0]
        return vstack(parts, format="csr") if issparse(parts[0]) else np.concatenate(parts)

    def _measured(self, X: Any) -> tuple[Any, AnyArray]:
        """Return the MLP and encoded rows of a table, for a `Probe`."""
        return self.mlp_, self._encoded(X)

    def predict(self, X: Any) -> Any:
        """Predict targets or labels.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table, in any order for a frame.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions of the MLP.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns are missing or unknown, or cannot be read.

        See Also
        --------
        score : Score of the predictions.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).predict([[0.5]]).shape
        (1,)
        """
        return self._predicted(X, "predict")

    @property
    def members_(self) -> list[Any]:
        """Fitted members, each with the encoder; this estimator itself for one network."""
        check_is_fitted(self)
        mlps = self.mlp_.members_
        return [self] if len(mlps) == 1 else [self._member(mlp) for mlp in mlps]

    def _member(self, mlp: Any) -> Any:
        member = copy(self)
        member.set_params(n_members=1, random_state=mlp.random_state)
        member.mlp_ = mlp
        member.__dict__.pop("summary_", None)  # which is of all of them
        member.plan_ = self.plan_.with_network(n_members=1, random_state=mlp.random_state)
        return member

    @property
    def n_members_(self) -> int:
        """Number of networks whose mean is the prediction."""
        check_is_fitted(self)
        return len(self.mlp_.members_)

    @property
    def history_(self) -> dict[str, NDArray[Any]]:
        """Measurements of each epoch of one network; for several networks see ``members_``."""
        check_is_fitted(self)
        history: dict[str, NDArray[Any]] = self.mlp_.history_
        return history

    def to_pipeline(self) -> Pipeline:
        """Return encoder and MLP with the planned settings as a pipeline.

        Returns
        -------
        pipeline : Pipeline
            Pipeline, not fitted; a fit on the same rows gives the same bits.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``max_time`` planned the fit, since the available time is no setting.

        See Also
        --------
        fit : Plan the settings and train.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).to_pipeline()[-1].n_members
        1
        """
        check_is_fitted(self)
        if self.max_time is not None:
            raise ValueError(
                f"max_time={self.max_time:g} planned this fit by the clock, which a pipeline "
                "cannot repeat; fit with max_time=None, or take plan_.network"
            )
        return make_pipeline(self.plan_.make_encoder(), self.plan_.make_network())

    def attributions(self, X: Any) -> Attributions:
        """Return first-order contributions of each column to each prediction.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table.

        Returns
        -------
        attributions : Attributions
            Gradient times distance from the mean training row, summed over the features of a
            column; ``mean()`` ranks the columns, ``plot()`` draws them.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns cannot be used, several quantiles are predicted, or categories are embedded.

        See Also
        --------
        deepgen.generalization.attributions : Also integrated gradients, which sum to the
            prediction, and other baselines.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).attributions([[0.5]]).values.shape
        (1, 1)
        """
        return attribute(self, self._encoded(X))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write this estimator to a file that `deepgen.load` reads.

        Parameters
        ----------
        path : str or path-like
            Path of the file; an existing file is replaced in one step or, if writing fails, kept.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is an instance of a subclass, which another program may not have.

        Warns
        -----
        UserWarning
            If a parameter cannot be written as data, such as a callable: the loaded estimator has
            its default.

        See Also
        --------
        deepgen.load : Read the file.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], [0.0, 1.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "model.dgn"))
        ...     os.listdir(folder)
        ['model.dgn']
        """
        check_is_fitted(self)
        save_tabular(self, path)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        head: str = super().__repr__(N_CHAR_MAX)
        if not self.__sklearn_is_fitted__():
            return head
        lines = [f"{name:<8} {text}" for name, text in self._described().items()]
        return "\n".join([head, *(f"  {line}" for line in lines)])

    def _described(self) -> dict[str, str]:
        """Return descriptions of the fitted parts by name."""
        parts = {
            "encoder": describe_encoder(self.encoder_),
            "network": describe_network(self.mlp_),
            "plan": describe_plan(self.plan_),
        }
        summary = vars(self).get("summary_")
        return parts if summary is None else parts | {"fit": summary}

    def _sk_visual_block_(self) -> Any:
        """Return scikit-learn's diagram of both parts."""
        check_is_fitted(self)
        return Pipeline([("encoder", self.encoder_), ("network", self.mlp_)])._sk_visual_block_()

    def _html_repr(self) -> str:
        """Return scikit-learn's diagram with a table of the fitted parts below."""
        picture: str = estimator_html_repr(self)
        if not self.__sklearn_is_fitted__():
            return picture
        rows = [{"part": name, "what": text} for name, text in self._described().items()]
        return f"{picture}\n{html_table(rows)}"

    # scikit-learn before 1.9 calls these two methods instead of `_html_repr`.
    def _repr_html_inner(self) -> str:
        return self._html_repr()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/html": self._html_repr()} if "text/html" in bundle else bundle
