"""Settings of the presets that were compared, and the ingredients that the ablation takes away."""

from dataclasses import replace


def change(recipe, *, network=None, encoder=None, **fields):
    """Return a recipe with other settings of its parts; by-rows settings give way to fixed ones."""
    network, encoder = network or {}, encoder or {}
    by_rows = {
        name: value
        for name, value in {**recipe.by_rows, **fields.pop("by_rows", {})}.items()
        if name not in {**network, **encoder}
    }
    return replace(
        recipe,
        network={**recipe.network, **network},
        encoder={**recipe.encoder, **encoder},
        by_rows=by_rows,
        **fields,
    )


SECTIONS = {}
