"""Plans: settings by preset, task, rows and time."""

from dataclasses import replace

import numpy as np
import pytest

from deepgen import TabularRegressor
from deepgen.tabular import presets
from deepgen.tabular.plan import MLPS, make_plan
from deepgen.tabular.presets import PRESETS, ROWS

SIZES = (1, 2, 9, 10, 100, *ROWS, 5_000, 100_000, 10_000_000)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("task", MLPS)
def test_plans_of_all_sizes_are_settings_that_the_parts_take(preset, task):
    own = {"loss": "log_loss"} if task == "classification" else {"loss": "squared_error"}
    for n_rows in SIZES:
        plan = make_plan(preset, task, n_rows=n_rows, parameters=own)
        plan.make_encoder()._validate_params()
        mlp = plan.make_network()
        mlp._validate_params()
        assert 1 <= mlp.batch_size <= max(n_rows // 2, 1)
        assert mlp.max_iter >= 1


def test_more_rows_never_mean_more_epochs():
    epochs = [make_plan("fast", "regression", n_rows=n_rows).n_epochs for n_rows in sorted(SIZES)]
    assert epochs == sorted(epochs, reverse=True)
    assert len(set(epochs)) > 2


@pytest.mark.parametrize("preset", PRESETS)
def test_a_quarter_of_the_epochs_without_improvement_ends_training_if_rows_are_held_out(preset):
    for n_rows in (100, 2_000, 20_000):
        plan = make_plan(preset, "regression", n_rows=n_rows)
        assert plan.network["n_iter_no_change"] == plan.n_epochs // 4
    for parameters, n_rows in (({"early_stopping": False}, 100), ({"early_stopping": True}, 9)):
        plan = make_plan(preset, "regression", n_rows=n_rows, parameters=parameters)
        assert plan.network["n_iter_no_change"] == np.inf
    given = make_plan(preset, "regression", n_rows=100, network={"n_iter_no_change": 5})
    assert given.network["n_iter_no_change"] == 5


def test_rate_and_decay_follow_the_width():
    recipe = replace(PRESETS["fast"]["regression"], decay=0.02)
    plans = [
        make_plan(
            "fast",
            "regression",
            n_rows=100,
            network={"hidden_layer_sizes": (width,)},
            recipe=recipe,
        )
        for width in (16, 64)
    ]
    rates = [plan.network["learning_rate_init"] for plan in plans]
    decays = [plan.network["solver"].weight_decay for plan in plans]
    assert rates[0] == pytest.approx(2 * rates[1])
    assert np.prod([rates, decays], axis=0) == pytest.approx(np.full(2, rates[0] * decays[0]))
    given = make_plan("fast", "regression", n_rows=100, network={"learning_rate_init": 0.5})
    assert given.network["learning_rate_init"] == 0.5


def test_what_is_given_wins_and_none_is_the_presets():
    plan = make_plan(
        "best", "regression", n_rows=100, parameters={"n_members": None, "scoring": None}
    )
    assert plan.n_members == 5
    assert make_plan("best", "regression", n_rows=100, parameters={"n_members": 2}).n_members == 2


def test_time_buys_whole_schedules_one_after_another_and_else_a_shorter_one():
    plan = make_plan("best", "regression", n_rows=100, network={"max_iter": 100})
    # 1.2 seconds an epoch with what is kept back.
    assert plan.within(1000.0, 1.0).n_members == 5
    three = plan.within(370.0, 1.0)
    assert (three.n_members, three.n_epochs) == (3, 100)
    short = plan.within(60.0, 1.0)
    assert (short.n_members, short.n_epochs) == (1, 50)
    assert plan.within(0.0, 1.0).n_epochs == 1


def test_the_printed_table_is_what_plans_say():
    table = presets(n_rows=3_000)
    rows = {row["setting"]: row for row in table.rows}
    plan = make_plan("best", "classification", n_rows=3_000, parameters={"loss": "log_loss"})
    for part in ("encoder", "network"):
        for name, value in getattr(plan, part).items():
            shown = rows[f"{part}: {name}"]["best, classes"]
            assert shown == (value if isinstance(value, str) else repr(value))
    for text in (repr(table), table._repr_html_()):
        assert "3,000 rows" in text and "hidden_layer_sizes" in text
    assert rows["rare class: dropout"]["fast, classes"] == "0.4"
    assert rows["rare class: dropout"]["fast, numbers"] == ""


@pytest.mark.parametrize("n_rows", [*ROWS, 10_000])
def test_the_printed_table_fits_on_a_terminal(n_rows):
    lines = repr(presets(n_rows=n_rows)).splitlines()
    assert max(map(len, lines)) <= 100
    assert "network: hidden_layer_sizes" in "".join(lines)
    # Long settings are broken, not cut.
    short = presets(n_rows=n_rows)._text("numbers")
    for word in ("AdamW(beta_2=0.95,", "weight_decay=0.2263)", "(128, 128,"):
        assert word in short


def test_a_rare_class_has_more_dropout_and_more_networks():
    def network(n_rare, preset="balanced", task="classification", **changes):
        plan = make_plan(preset, task, n_rows=3_000, n_rare=n_rare, **changes)
        return plan.network["n_members"], plan.network["dropout"]

    assert network(199) == (3, 0.4)
    assert network(200) == network(None) == (1, 0.2)
    assert network(199, "fast") == (1, 0.4)
    assert network(199, "best") == (5, 0.4)
    assert network(199, parameters={"n_members": 2}) == (2, 0.4)
    assert network(199, parameters={"n_members": None}) == (3, 0.4)
    assert network(199, network={"dropout": 0.1}) == (3, 0.1)
    assert network(199, task="regression") == network(None, task="regression")


def test_a_preset_leaves_out_what_the_device_does_not_support_and_says_so():
    def plan(**changes):
        return make_plan("fast", "classification", n_rows=3_000, **changes).network

    on_cpu = plan()
    assert on_cpu["parametrization"] == "ntk"
    words = "device='cuda' does not support parametrization='ntk' .*; the preset is used without it"
    with pytest.warns(UserWarning, match=words):
        on_device = plan(parameters={"device": "cuda"})
    assert set(on_cpu) - set(on_device) == {"parametrization"}
    # The learning rate follows: that of NTK is divided in each layer.
    root = np.sqrt(on_cpu["hidden_layer_sizes"][0])
    assert on_device["learning_rate_init"] == pytest.approx(on_cpu["learning_rate_init"] / root)


def test_a_preset_that_the_device_supports_is_unchanged():
    on_cpu, on_device = (
        make_plan("best", "regression", n_rows=3_000, parameters={"device": device}).network
        for device in ("cpu", "cuda")
    )
    assert {**on_cpu, "device": "cuda"} == on_device


def test_what_the_user_adds_to_a_preset_is_refused_and_not_left_out():
    X, y = [[float(i)] for i in range(20)], [float(i) for i in range(20)]
    model = TabularRegressor(device="cuda", network={"mixup": 0.2})
    with pytest.raises(ValueError, match=r"device='cuda' does not support mixup=0.2 \("):
        model.fit(X, y)
