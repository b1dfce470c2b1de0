"""Parts of an epoch: where the stream of rows is cut."""

from __future__ import annotations

__all__ = ["part_ends"]

# Share of a buffer that a part takes. The rest is for what is being decoded and for the order of
# the rows, so that two buffers are a bound of all memory for rows.
FILLED = 3, 4


def part_ends(n_rows: int, batch_size: int, buffer_rows: int) -> list[int]:
    """Return the ends of the parts of an epoch of ``n_rows``, as equal as whole batches allow.

    Only the last batch of an epoch is smaller than the others, as without parts, so that an epoch
    has as many steps. The last part has at least two batches, as batch norm needs, if there are
    several parts.
    """
    filled, whole = FILLED
    most = buffer_rows * filled // whole // batch_size
    if most < 2:
        fewest = -(-2 * batch_size * whole // filled)
        raise ValueError(
            f"buffer_rows={buffer_rows} of ParquetRows is too small for batch_size={batch_size}: "
            f"at least {fewest} rows are needed"
        )
    n_batches = -(-n_rows // batch_size)
    n_parts = -(-n_batches // most)
    cuts = (number * n_batches // n_parts * batch_size for number in range(1, n_parts + 1))
    return [min(cut, n_rows) for cut in cuts]
