"""The encodings of tables value by value, from their definitions: slow and obvious."""

import itertools
import math


def quantile(values, share):
    """Quantile by the line between neighbours, as NumPy's default."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def is_missing(value):
    return value is None or value != value


def scaler(present, numbers):
    if numbers == "standard":
        mean = sum(present) / len(present)
        deviation = math.sqrt(sum((v - mean) ** 2 for v in present) / len(present))
        return lambda v: min(max((v - mean) / deviation, -1e6), 1e6)
    median = quantile(present, 0.5)
    width = quantile(present, 0.75) - quantile(present, 0.25)
    if width == 0:
        usual = quantile([abs(v - median) for v in present if v != median], 0.5)
        width = min((max(present) - min(present)) / 2, 10 * usual)

    def robust(value):
        z = (value - median) / width
        return z / math.sqrt(1 + (z / 3) ** 2)

    return robust


def encode_numbers(train, test, numbers="robust", n_bins=0):
    """Features of a column of numbers, a list a row; None for a column that is dropped."""
    present = [v for v in train if not is_missing(v)]
    has_missing = len(present) < len(train)
    if not present or (min(present) == max(present) and not has_missing):
        return None
    varies = min(present) < max(present)
    median = quantile(present, 0.5)
    scale = scaler(present, numbers) if varies else None
    edges = [quantile(present, k / n_bins) for k in range(n_bins + 1)] if n_bins else []
    if edges and edges[1] < edges[-2]:
        reach = 3 * (edges[-2] - edges[1])
        edges[0] = max(edges[0], edges[1] - reach)
        edges[-1] = min(edges[-1], edges[-2] + reach)
    edges = sorted(set(edges))
    if len(set(present)) <= 16 or len(edges) < 3:
        edges = []
    rows = []
    for value in test:
        number = median if is_missing(value) else value
        row = [scale(number)] if varies else []
        for low, high in itertools.pairwise(edges):
            share = min(max((number - low) / (high - low), 0), 1)
            row.append((2 * share - 1) / math.sqrt(n_bins))
        rows.append(row + [float(is_missing(value))] * has_missing)
    return rows


def encode_categories(train, test):
    """Features of a column of categories, a list a row; None for a column that is dropped."""
    levels = sorted({v for v in train if not is_missing(v)})
    has_missing = any(is_missing(v) for v in train)
    if len(levels) + has_missing < 2:
        return None
    if has_missing:
        levels.append(None)
    rows = []
    for value in test:
        known = value if value in levels else None
        if len(levels) == 2:
            found = levels.index(known) if known in levels else None
            rows.append([{0: -1.0, 1: 1.0, None: 0.0}[found]])
        else:
            rows.append([float(known in levels and level == known) for level in levels])
    return rows


def encode_dates(train, test, n_bins=0):
    """Features of a column of ``datetime.datetime``, a list a row, of dates that vary."""
    import datetime

    def days(date):
        since = None if date is None else date - datetime.datetime(1970, 1, 1)
        return None if since is None else since.days + since.seconds / 86_400

    parts = {
        12: lambda date: date.month - 1,
        7: lambda date: date.weekday(),
        24: lambda date: date.hour,
    }
    present = [date for date in train if date is not None]
    rows = encode_numbers([days(d) for d in train], [days(d) for d in test], "robust", n_bins)
    for n, part in parts.items():
        if len({part(date) for date in present}) > 1:
            for row, date in zip(rows, test, strict=True):
                angle = 0.0 if date is None else 2 * math.pi * part(date) / n
                row += [0.0, 0.0] if date is None else [math.sin(angle), math.cos(angle)]
    return rows
