"""The encoder of raw tables, a transformer with scikit-learn's interface."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from deepgen._display.documented import Documented
from deepgen._inputs.columns import list_columns
from deepgen._inputs.frame import Frame, read_frame
from deepgen._inputs.raw_column import RawColumn
from deepgen._replace_file import replace_file
from deepgen._serialization.file_format import pack
from deepgen._serialization.plain_data import Writer
from deepgen._user_warnings import warn
from deepgen.preprocessing.bins import bins_for
from deepgen.preprocessing.category import CategoryColumn
from deepgen.preprocessing.code import CodeColumn
from deepgen.preprocessing.column import Column, write_columns
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.learning import Plan, chosen_categories, learn_columns
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.row_encoder import RowEncoder
from deepgen.preprocessing.scales import SCALES

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SECTION", "TableEncoder"]

SECTION = "table_encoder"
"""Section of a file with an encoder saved by itself."""

COLUMNS: dict[str, type[Column]] = {
    kind.kind: kind for kind in (NumberColumn, CategoryColumn, CodeColumn, DateColumn)
}


class TableEncoder(Documented, TransformerMixin, BaseEstimator):
    """Convert raw tables to features for neural networks.

    Numbers are scaled; missing ones become the median, with an indicator feature if training had
    some. Categories become one feature per level. Dates become days since 1970 and, if they vary,
    month, weekday and hour. A column without values is dropped with a warning, a constant one
    without. Ambiguous data are refused with the column's name: infinity, a mixture of numbers and
    text, free text, duplicate column names, missing or new columns.

    Parameters
    ----------
    numbers : {'robust', 'standard', 'quantile'}, default='robust'
        Scaling of numbers. 'robust': median 0 and quartiles 1 apart (equal quartiles: division by
        at most half the range), then z / sqrt(1 + (z/3)^2), which stays within 3. 'standard': mean
        0 and standard deviation 1. 'quantile': ranks mapped to a normal distribution.
    numerical_encoding : {'ple'} or None, default=None
        'ple' adds a piecewise-linear encoding of each column with more than 16 different numbers:
        each bin between two quantiles gives the position of the number within the bin, from -w to w
        with w = 1 / sqrt(bins).
    n_bins : 'auto' or int, default='auto'
        Number of bins of the encoding. 'auto': 16, from 10,000 rows on 48.
    categorical_features : 'from_dtype', None, or array-like of bool, int or str, \
default='from_dtype'
        Columns of categories. 'from_dtype': columns with a categorical type (pandas' ``category``,
        Polars' ``Categorical`` and ``Enum``, Arrow's dictionaries), text or truth values. Otherwise
        a mask, positions or names; the other columns must then be numbers, truth values (0 and 1)
        or dates.
    max_levels : int, default=255
        Categories with more levels than this and than a twentieth of the rows are refused.
    dates : bool, default=True
        Whether dates and times are accepted; False refuses them.
    category_encoding : {'onehot', 'codes'}, default='onehot'
        'codes' makes one column of codes for categories with eight levels or more, for networks
        that learn a vector per code; see `CodeColumn`.

    Attributes
    ----------
    columns_ : tuple of Column
        Learned properties of each column, in the order of the table, with its features
        (``features``, ``feature_kinds``, ``feature_names``).
    dropped_columns_ : tuple
        Names (positions for arrays) of the columns without a feature: empty or constant.
    feature_columns_ : ndarray of shape (n_features_out,)
        Position of the source column of each feature.
    feature_kinds_ : ndarray of shape (n_features_out,)
        Kind of each feature: 'number', 'encoding', 'indicator', 'category', 'code' or 'date part'.
    number_features_ : ndarray
        Positions of the features that are plain numbers.
    category_features_ : ndarray
        Positions of the features that are codes of categories.
    category_sizes_ : ndarray
        Number of codes of each of these features.
    n_bins_ : int
        Requested number of bins; 0 without an encoding.
    n_features_in_ : int
        Number of columns of the training table.
    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all of them are text.

    See Also
    --------
    deepgen.TabularRegressor : An encoder and networks in one estimator.

    Notes
    -----
    ``y`` is not used, so an encoder may be fitted on all training rows, held-out ones included.
    Tables are those of pandas, Polars or Arrow, or arrays; none of these libraries is needed for
    the others.

    Text stays text: "007" and "7" are two levels, and a column of text with numbers is one of
    categories. Columns are identified by name, in any order; in arrays by position.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.preprocessing import TableEncoder
    >>> X = np.array([[20, "Ulm"], [40, "Bonn"], [None, "Ulm"], [30, "Cham"]], dtype=object)
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.get_feature_names_out().tolist()
    ['x0', 'x0 is missing', 'x1 = Bonn', 'x1 = Cham', 'x1 = Ulm']
    >>> encoder.transform(X[2:]).tolist()
    [[0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0, 0.0]]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "numbers": [StrOptions(set(SCALES))],
        "numerical_encoding": [StrOptions({"ple"}), None],
        "n_bins": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left")],
        "categorical_features": ["array-like", str, None],
        "max_levels": [Interval(Integral, 2, None, closed="left")],
        "dates": ["boolean"],
        "category_encoding": [StrOptions({"onehot", "codes"})],
    }

    def __init__(
        self,
        numbers: str = "robust",
        numerical_encoding: str | None = None,
        n_bins: int | str = "auto",
        categorical_features: Any = "from_dtype",
        max_levels: int = 255,
        dates: bool = True,
        *,
        category_encoding: str = "onehot",
    ) -> None:
        self.numbers = numbers
        self.numerical_encoding = numerical_encoding
        self.n_bins = n_bins
        self.categorical_features = categorical_features
        self.max_levels = max_levels
        self.dates = dates
        self.category_encoding = category_encoding

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from the training rows.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_columns)
            A table of pandas, Polars or Arrow, an array (of objects too), or a list of rows.
        y : None
            Ignored.

        Returns
        -------
        self : TableEncoder
            Fitted encoder.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or a column cannot be read; the message names it.

        Warns
        -----
        UserWarning
            If a column has no value.
        """
        self._validate_params()
        frame = read_frame(X)
        n_bins = bins_for(frame.n_rows) if self.n_bins == "auto" else int(self.n_bins)
        n_bins = n_bins if self.numerical_encoding is not None else 0
        plan = Plan(
            SCALES[self.numbers],
            n_bins,
            chosen_categories(self.categorical_features, frame),
            self.max_levels,
            bool(self.dates),
            self.category_encoding == "codes",
        )
        columns, empty = learn_columns(frame, plan)
        if empty:
            told = list_columns([i if frame.names is None else frame.names[i] for i in empty])
            warn(f"{told} of X {'has' if len(empty) == 1 else 'have'} no value and will be dropped")
        self._set_fitted(columns, frame.names, frame.n_columns, n_bins)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Convert a table to features.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table: by name in any order, in arrays by
            position.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            Finite numbers in float32. The features of a row do not depend on the other rows.

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.
        ValueError
            If a column is missing, new, or of another kind than in training; the message names it.
        """
        return self._write(*self._read(X))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; they must be those of the training table, or replace those of an
            array.

        Returns
        -------
        names : ndarray of shape (n_features_out,)
            Names such as "age", "age is missing", "town = Ulm".

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.
        ValueError
            If the names or their number are not those of the training table.
        """
        check_is_fitted(self)
        columns = self.columns_
        if input_features is not None:
            given = [str(name) for name in input_features]
            if self._names is not None and given != list(map(str, self._names)):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(given) != self.n_features_in_:
                raise ValueError(
                    f"input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(given)}"
                )
            columns = tuple(column.named(given[column.place]) for column in columns)
        return np.array([name for column in columns for name in column.feature_names], dtype=object)

    def to_data(self) -> dict[str, Any]:
        """Return parameters and learned properties as plain data.

        Returns
        -------
        data : dict
            Numbers, text, lists, tuples and arrays, as in the package's files.

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.
        """
        check_is_fitted(self)
        return {
            "parameters": self.get_params(deep=False),
            "names": self._names,
            "n_features_in": self.n_features_in_,
            "n_bins": self.n_bins_,
            "columns": [column.to_data() for column in self.columns_],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> TableEncoder:
        """Return an encoder from plain data.

        Parameters
        ----------
        data : dict
            Data from `to_data`.

        Returns
        -------
        encoder : TableEncoder
            Encoder with the same bits.

        Raises
        ------
        ValueError
            If the parts are inconsistent.
        """
        encoder = cls(**data["parameters"])
        encoder._validate_params()
        columns, start = [], 0
        for entry in data["columns"]:
            fields = dict(entry)
            column = COLUMNS[fields.pop("kind")].from_data(fields)
            if column.start != start or not 0 <= column.place < data["n_features_in"]:
                raise ValueError(f"its column {column.name!r} is out of place")
            columns.append(column)
            start = column.features.stop
        names = data["names"]
        if names is not None and len(names) != data["n_features_in"]:
            raise ValueError(f"it has {len(names)} names of {data['n_features_in']} columns")
        encoder._set_fitted(tuple(columns), names, data["n_features_in"], data["n_bins"])
        # Encoding a row of missing values checks that each column is complete.
        width = data["n_features_in"]
        row = Frame(names, 1, width, lambda place, zone, rows: RawColumn(place, "empty", 1))
        encoder._write(row, range(width))
        return encoder

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write this encoder to a file that `deepgen.load` reads.

        Parameters
        ----------
        path : str or path-like
            Path of the file; an existing file is replaced in one step or, if writing fails, kept.

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.

        See Also
        --------
        deepgen.load : Read the file.

        Notes
        -----
        The file contains plain data, so reading it runs no code.
        """
        writer = Writer()
        description = {SECTION: writer.write(self.to_data(), SECTION)}
        replace_file(path, pack(description, writer.tensors))

    def _set_fitted(
        self,
        columns: tuple[Column, ...],
        names: tuple[Any, ...] | None,
        n_features_in: int,
        n_bins: int,
    ) -> None:
        """Set the fitted attributes."""
        self.__dict__.pop("_row_encoder", None)
        self._names, self.columns_ = names, columns
        self.n_bins_ = n_bins
        self.n_features_in_ = n_features_in
        self.feature_kinds_ = np.array([k for c in columns for k in c.feature_kinds], dtype=object)
        self.feature_columns_ = np.repeat(
            [column.place for column in columns], [len(column.feature_kinds) for column in columns]
        )
        self.number_features_ = np.flatnonzero(self.feature_kinds_ == "number")
        codes = [column for column in columns if isinstance(column, CodeColumn)]
        self.category_features_ = np.array([column.start for column in codes], dtype=np.intp)
        self.category_sizes_ = np.array([column.n_codes for column in codes], dtype=np.intp)
        used = {column.place for column in columns}
        known = range(n_features_in) if names is None else names
        self.dropped_columns_ = tuple(name for i, name in enumerate(known) if i not in used)
        if names is not None and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _read(self, X: Any) -> tuple[Frame, Sequence[int]]:
        """Return a table, and the positions of the training table's columns in it."""
        check_is_fitted(self)
        frame = read_frame(X)
        return frame, frame.places_of(self._names, self.n_features_in_, type(self).__name__)

    def _write(self, frame: Frame, places: Any, rows: slice | None = None) -> NDArray[np.float32]:
        """Return the features of some rows of a table with its columns at given places."""
        values = frame.row() if frame.n_rows == 1 else None
        if values is not None:
            return self._row_encoder.encode([values[place] for place in places])
        return write_columns(self.columns_, frame, places, rows)

    @cached_property
    def _row_encoder(self) -> RowEncoder:
        return RowEncoder(self.columns_, self._names)
