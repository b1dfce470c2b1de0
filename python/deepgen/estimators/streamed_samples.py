"""StreamedSamples: samples in files that are larger than memory, and rows drawn from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.class_targets import ClassTargets
from deepgen._inputs.target_statistics import (
    ClassStatistics,
    NumberStatistics,
    TargetStatistics,
)
from deepgen._inputs.targets import EncodedTargets, Targets
from deepgen._names import listed
from deepgen._parquet import ParquetReader
from deepgen._training.data import Data
from deepgen._training.streamed.part_reader import RowSource
from deepgen._training.streamed.streamed_data import StreamedData
from deepgen.estimators.samples import Samples
from deepgen.estimators.settings import Settings

__all__ = ["DRAWN", "KEPT", "StreamedSamples", "read_rows"]

# Rows drawn for quantiles and starting weights, and those of them that stay during training, for
# batch norm's statistics and the comparison with a constant.
DRAWN, KEPT = 2**19, 2**14


@dataclass(frozen=True, kw_only=True)
class StreamedSamples(Samples):
    """Samples of a call in files; ``X`` and ``y`` are those of rows drawn from them.

    Parameters
    ----------
    given, X : ndarray of shape (n_drawn, n_features)
        Features of the drawn rows.
    y : ndarray of shape (n_drawn,) or (n_drawn, n_targets)
        Their targets.
    sample_weight, classes, groups : None
        Rows in files have none of these.
    names : ndarray of shape (n_features,), default=None
        Names of the features, if they have any.
    reader : ParquetReader
        Reader of all rows.
    statistics : TargetStatistics
        What their targets determine.

    Examples
    --------
    >>> from deepgen.estimators.samples import Samples
    >>> from deepgen.estimators.streamed_samples import StreamedSamples
    >>> issubclass(StreamedSamples, Samples)
    True
    """

    reader: ParquetReader
    statistics: TargetStatistics

    def encode(
        self, model: Any, previous: Any, settings: Settings, *, is_first: bool
    ) -> tuple[Targets, EncodedTargets, Data]:
        """Learn from the targets of all rows, and return the drawn ones.

        Parameters
        ----------
        model : BaseMLP
            Estimator with constructor parameters.
        previous : Targets or None
            What an earlier call has learned.
        settings : Settings
            Settings of the call.
        is_first : bool
            Whether no earlier call has learned the scaling.

        Returns
        -------
        targets : Targets
            Learned properties of the targets.
        encoded : EncodedTargets
            The targets of the drawn rows.
        data : Data
            The drawn rows in the engine's format.
        """
        examples = self.statistics.examples
        targets = model._make_targets(self.y if examples is None else examples, previous)
        y = targets.check(self.y, settings.prediction_dtype)
        taught: Targets = self.statistics.teach(targets, y, is_first=is_first)
        encoded, weights = _encode(taught, y, settings.dtype)
        drawn = EncodedTargets(y, encoded, weights, None)
        return taught, drawn, Data(self.X, encoded, weights)

    def for_training(
        self, targets: Targets, encoded: EncodedTargets
    ) -> tuple[StreamedSamples, EncodedTargets, StreamedData]:
        """Return what is trained on, and the few drawn rows that training and its end need.

        Parameters
        ----------
        targets : Targets
            Learned properties of the targets.
        encoded : EncodedTargets
            The targets of the drawn rows.

        Returns
        -------
        samples : StreamedSamples
            These samples, with fewer drawn rows.
        encoded : EncodedTargets
            The targets of these rows.
        data : StreamedData
            The rows in the files.
        """
        dtype = self.X.dtype

        def encode_part(y: AnyArray) -> tuple[AnyArray, AnyArray | None]:
            # Labels are known, and their encoding refuses others: to check them as an array's would
            # take longer than to read them.
            y = y if isinstance(targets, ClassTargets) else targets.check(y, dtype)
            return _encode(targets, y, dtype)

        # The other drawn rows have done their service; their memory is a buffer's.
        rows = slice(None, None, -(-len(self.X) // KEPT))
        X, y, kept = self.X[rows].copy(), encoded.encoded[rows].copy(), encoded.y[rows].copy()
        weights = None if encoded.weights is None else encoded.weights[rows].copy()
        source = RowSource(self.reader, encode_part, dtype)
        return (
            replace(self, given=X, X=X, y=kept),
            EncodedTargets(kept, y, weights, None),
            StreamedData(X, y, weights, source=source),
        )


def read_rows(model: Any, reader: ParquetReader, dtype: np.dtype[Any], *, reset: bool) -> Samples:
    """Read rows in files for an estimator: all of them if they are few, else statistics.

    Parameters
    ----------
    model : BaseMLP
        Estimator; its number and names of features are set or compared.
    reader : ParquetReader
        Reader of the rows.
    dtype : numpy.dtype
        Type of training.
    reset : bool
        Whether these are the estimator's first features.

    Returns
    -------
    samples : Samples
        The samples as if they were arrays if they are at most 2^19 and fit into a buffer; else
        samples in files.

    Raises
    ------
    ValueError
        If targets cannot be used; the message names their file.

    Notes
    -----
    The reader refuses features that are no numbers, and missing ones.
    """
    reader.check_features()
    _use_names(model, reader, reset=reset)
    most = min(DRAWN, reader.buffer_rows)
    X = np.empty((min(most, reader.n_rows), reader.n_features), dtype)
    statistics: TargetStatistics | None = None
    y, n_taken, features = [], 0, np.empty((0, reader.n_features), dtype)
    for batch, own in reader.drawn_batches(most):
        if len(features) < batch.n_rows:
            features = np.empty((batch.n_rows, reader.n_features), dtype)
        rows = features[: batch.n_rows]
        reader.write_features(batch, rows)
        reader.refuse_gaps(batch, rows)
        targets = reader.read_targets(batch)
        if statistics is None:
            statistics = _statistics(model, targets, dtype)
        try:
            statistics.add(targets)
        except ValueError as error:
            raise ValueError(f"{batch.file}: {error}") from error
        X[n_taken : n_taken + len(own)] = rows[own]
        y.append(targets[own])
        n_taken += len(own)
    assert statistics is not None
    names = vars(model).get("feature_names_in_")
    samples = Samples(X, X, np.concatenate(y), None, names=names)
    if len(X) == reader.n_rows:
        return samples
    return StreamedSamples(**vars(samples), reader=reader, statistics=statistics)


def _encode(
    targets: Targets, y: AnyArray, dtype: np.dtype[Any]
) -> tuple[AnyArray, AnyArray | None]:
    """Return checked targets in the engine's format, and weights by class."""
    factors = targets.class_factors(y)
    return targets.encode(y, dtype), None if factors is None else factors.astype(dtype)


def _statistics(model: Any, y: AnyArray, dtype: np.dtype[Any]) -> TargetStatistics:
    if is_classifier(model):
        return ClassStatistics()
    return NumberStatistics(model._make_targets(y, None), dtype)


def _use_names(model: Any, reader: ParquetReader, *, reset: bool) -> None:
    """Set the number and names of an estimator's features, or compare them."""
    if reader.feature_names is None:
        model.n_features_in_ = reader.n_features
        return
    names = np.array(reader.feature_names, dtype=object)
    if reset:
        model.n_features_in_, model.feature_names_in_ = len(names), names
        return
    known = getattr(model, "feature_names_in_", None)
    if known is not None and not np.array_equal(known, names):
        strange, missing = {*names} - {*known}, {*known} - {*names}
        parts = [f"new are {listed(strange)}"] * bool(strange)
        parts += [f"missing are {listed(missing)}"] * bool(missing)
        raise ValueError(
            "the features of ParquetRows must be those of the fitted estimator, in their order: "
            + (", ".join(parts) or f"it has {', '.join(known)}")
        )
    if model.n_features_in_ != len(names):
        raise ValueError(
            f"ParquetRows has {len(names)} features, the fitted estimator {model.n_features_in_}"
        )
