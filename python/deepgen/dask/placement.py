"""Placement: the worker of each shard, so that all workers are busy and few rows move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["place"]


def place(holders: Sequence[Sequence[str]], slots: Mapping[str, int]) -> list[str]:
    """Return a worker for each shard, so that none has more tasks in turn than it must.

    Parameters
    ----------
    holders : sequence of sequence of str
        Addresses of the workers that hold each shard; there may be none.
    slots : dict of str to int
        Number of shards that each worker trains at the same time, by its address, >= 1; at least
        one worker.

    Returns
    -------
    homes : list of str
        Address for each shard: one of its holders, unless these have enough to do.

    Examples
    --------
    >>> from deepgen.dask.placement import place
    >>> place([["a"], ["a"], ["a"], ["b"]], {"a": 1, "b": 1})
    ['a', 'a', 'b', 'b']
    """
    # As many tasks in turn as the evenest placement has.
    depth = -(-len(holders) // sum(slots.values()))
    room = {address: depth * slots[address] for address in sorted(slots)}
    homes: dict[int, str] = {}
    # Shards with few holders choose first.
    for number in sorted(range(len(holders)), key=lambda number: len(holders[number])):
        near = [address for address in sorted(holders[number]) if room.get(address)]
        if near:
            homes[number] = max(near, key=room.__getitem__)
            room[homes[number]] -= 1
    for number in range(len(holders)):
        if number not in homes:
            homes[number] = max(room, key=room.__getitem__)
            room[homes[number]] -= 1
    return [homes[number] for number in range(len(holders))]
