"""Formulas as MathML, which browsers draw themselves: no script is loaded from anywhere."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def setup(app):
    """Offer the renderer "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator, node):
    translator.body.append(_markup(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(translator, node):
    translator.body.append(_markup(node.astext(), as_block=True))
    raise nodes.SkipNode


def _markup(formula, as_block):
    # What docutils lacks: it has \ldots, and browsers stretch parentheses by themselves.
    formula = formula.replace(r"\dots", r"\ldots").replace(r"\Big", "")
    if as_block and "&" in formula and r"\begin" not in formula:
        formula = rf"\begin{{aligned}}{formula}\end{{aligned}}"
    return str(tex2mathml(formula, as_block=as_block))
