"""Configuration of the site; `build.py` calls Sphinx with it."""

import os
import sys
import warnings
from pathlib import Path

import deepgen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "deepgen"
author = "the authors of deepgen"
version = release = deepgen.__version__
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "math_markup",
    "names",
    "page_links",
]

# Titles and links of Markdown as GitHub reads them.
myst_heading_anchors = 6
# The gallery's settings hold functions, which Sphinx cannot store.
suppress_warnings = ["config.cache"]

autodoc_typehints = "none"
autosummary_generate = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
# Other projects' names; no inventory of theirs is fetched.
nitpick_ignore = [
    ("py:obj", "score"),  # scikit-learn's own, inherited
    ("py:obj", "Network.activations"),  # of an internal room
]
nitpick_ignore_regex = [("py:.*", r"(sklearn|scipy|numpy|matplotlib|pandas|optuna)\..*")]

html_theme = "pydata_sphinx_theme"
html_title = f"deepgen {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 4,
    "navigation_with_keys": True,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
html_sidebars = {"index": []}
project_copyright = "the authors of deepgen, BSD 3-Clause licence"


def setup(app):
    """Serve the files that `build.py` laid aside."""
    app.config.html_extra_path = [str(Path(app.srcdir).parent / "files")]
    scripts = Path(app.srcdir).parent / "scripts"
    app.config.sphinx_gallery_conf["examples_dirs"] = [str(scripts)]


def arguments_of(conf, script):
    """Return the command line of a script of the gallery; figures are thrown away."""
    is_example = Path(script["src_file"]).parent.name == "1_examples"
    return ["--out", "figure.png"] if is_example else []


# The estimators in the gallery's output link to their pages, two folders above.
os.environ["DEEPGEN_DOCS"] = "../.."
# The example with MNIST is run where its file is.
data = Path(os.environ.setdefault("DEEPGEN_DATA", str(HERE.parents[2] / "shared" / "data")))
# A script's warning is a fault of it.
warnings.filterwarnings("error", category=UserWarning, module="__main__")
sphinx_gallery_conf = {
    "gallery_dirs": ["gallery"],
    "filename_pattern": "/plot_" if (data / "mnist.npz").is_file() else "/plot_(?!mnist)",
    "ignore_pattern": r"options\.py",
    "reset_argv": "conf.arguments_of",
    "image_scrapers": ("matplotlib", "figures"),
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("deepgen",),
    "backreferences_dir": "api/used_in",
    "download_all_examples": False,
    "show_memory": False,
    # That page would load scripts from elsewhere.
    "write_computation_times": False,
    "plot_gallery": True,
    "remove_config_comments": True,
}
