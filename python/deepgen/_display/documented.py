"""The link from an estimator's HTML in a notebook to its page of the documentation."""

from __future__ import annotations

import os

__all__ = ["VARIABLE", "Documented"]

VARIABLE = "DEEPGEN_DOCS"
"""Environment variable with the address of a built site."""


class Documented:
    """Mixin that fills in scikit-learn's hooks for the link; without a site there is none."""

    _doc_link_module = "deepgen"

    @property
    def _doc_link_template(self) -> str:
        site = os.environ.get(VARIABLE, "")
        # scikit-learn formats the template.
        escaped = site.rstrip("/").replace("{", "{{").replace("}", "}}")
        return escaped + "/api/{room}/{name}.html" if site else ""

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        kind = type(self)
        return {"room": kind.__module__.split(".")[1], "name": kind.__name__}
