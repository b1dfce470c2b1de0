"""What every benchmark may use."""

import pytest
from workloads import WORKLOADS


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.name)
def workload(request):
    """Each of the training steps that have a target."""
    return request.param
