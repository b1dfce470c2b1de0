"""Scripts of experiments for the gallery, of those whose quick run takes about a second."""

from deepgen.experiments import find_experiment

SHOWN = ("rect", "bumps", "bounded_sigma", "tri", "square", "universal_approximation")
SHOWN += ("mlp_loss", "stochastic_mlp_loss", "seed_spread", "zero_training_error")
SHOWN += ("linear_path", "double_descent")

SCRIPT = '''"""
{title}
{underline}

{claim}

Source: {source}. The quick form, weaker than the full run: :doc:`/docs/experiments`.
"""

from deepgen.experiments import {name}

result = {name}.run(quick=True, seeds=5)
print(result)

# %%
# The figure that belongs to it.

figure = result.figure()
'''


def write(folder):
    """Write a script for each experiment that the gallery shows.

    Parameters
    ----------
    folder : Path
        Folder for them.
    """
    for name in SHOWN:
        about = find_experiment(name).experiment
        text = SCRIPT.format(
            title=about.title,
            underline="=" * len(about.title),
            claim=_escaped(about.claim),
            source=_escaped(about.source).rstrip("."),
            name=name,
        )
        (folder / f"plot_{name}.py").write_text(text)


def _escaped(text):
    """Return text without what reStructuredText would read as markup."""
    for mark in "\\*`|_":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\\", "\\\\")
