"""The link from an estimator's HTML to the documentation."""

import pytest
from sklearn.utils import estimator_html_repr

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen.preprocessing import TableEncoder
from deepgen.pretraining import VIME

PAGES = {
    MLPClassifier: "estimators/MLPClassifier",
    MLPRegressor: "estimators/MLPRegressor",
    TabularClassifier: "tabular/TabularClassifier",
    TabularRegressor: "tabular/TabularRegressor",
    TableEncoder: "preprocessing/TableEncoder",
    VIME: "pretraining/VIME",
}


@pytest.mark.parametrize("estimator", PAGES)
def test_an_estimator_links_to_its_page_of_the_site(estimator, monkeypatch):
    monkeypatch.setenv("DEEPGEN_DOCS", "file:///built/{site}/")
    address = f"file:///built/{{site}}/api/{PAGES[estimator]}.html"
    assert f'href="{address}' in estimator_html_repr(estimator())


@pytest.mark.parametrize("estimator", PAGES)
def test_without_a_site_there_is_no_link(estimator, monkeypatch):
    monkeypatch.delenv("DEEPGEN_DOCS", raising=False)
    assert estimator()._get_doc_link() == ""
    assert "/api/" not in estimator_html_repr(estimator())
