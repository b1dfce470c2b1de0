"""Figures that a script draws without pyplot, such as those of experiments, for the gallery."""

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def _get_sg_image_scraper():
    """Return the function that the gallery calls after each block of a script."""
    return _save_figure


def _save_figure(block, variables, conf):
    namespace = variables["example_globals"]
    # Each figure is shown once, by the block that drew it.
    figure = namespace.pop("figure", None) if "result" in namespace else None
    if not isinstance(figure, Figure):
        return ""
    path = next(variables["image_path_iterator"])
    figure.savefig(path, dpi=100)
    return figure_rst([path], conf["src_dir"], block[1].strip().splitlines()[0])
