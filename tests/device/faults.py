"""Faults that are planted in the device's code, one at a time, to see that the tests find them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A place in a file of cpp/cuda, what becomes of it, and what is wrong then."""

    file: str
    before: str
    after: str
    sentence: str
    escapes: str = ""  # why nothing finds it


FAULTS = [
    Fault("crew.cuh", "__syncthreads();", "", "Nobody waits for the others."),
    Fault(
        "crew.cuh",
        "            if (j < columns)\n",
        "            if (j <= columns)\n",
        "Matrices have one column more.",
    ),
    Fault(
        "crew.cuh",
        "given_ = (given_ + n) % n_warps;",
        "given_ = given_ % n_warps;",
        "Every piece of work begins at the first warp.",
        "It only makes warps idle: the numbers are the same.",
    ),
    Fault(
        "products.cuh",
        "for (int k = 0; k < depth; ++k) {",
        "for (int k = depth - 1; k >= 0; --k) {",
        "Products add from the end.",
    ),
    Fault(
        "products.cuh",
        "sum[r][c] = fmadd(x, b[c], sum[r][c]);",
        "sum[r][c] = sum[r][c] + x * b[c];",
        "Products are rounded before they are added.",
    ),
    Fault(
        "products.cuh",
        "const int width = min(panel, columns - begin);",
        "const int width = panel;",
        "The last panel of a matrix is taken for a whole one.",
    ),
    Fault(
        "products.cuh",
        "(panel + gap) * rows + (j - begin)",
        "panel * rows + (j - begin)",
        "The gap between rows of a panel is left out.",
    ),
    Fault(
        "products.cuh",
        "for (int half = lanes / 2; half > 0; half /= 2)\n            sum +=",
        "for (int half = lanes / 4; half > 0; half /= 2)\n            sum +=",
        "Half the lanes are left out of a narrow layer's sums.",
    ),
    Fault(
        "products.cuh",
        "(chain[0] + chain[1]) + (chain[2] + chain[3])",
        "chain[0] + chain[1] + chain[2] + chain[3]",
        "The chains of a column's sum are joined in another order.",
    ),
    Fault(
        "products.cuh",
        "chain[0] += Real(x[i * stride + j]);",
        "chain[i % 4] += Real(x[i * stride + j]);",
        "The last rows of a column's sum go to other chains.",
    ),
    Fault(
        "forward.cuh",
        "columns + j];\n    });\n    crew.meet();",
        "columns + j];\n    });",
        "The first product does not wait for the rows.",
    ),
    Fault(
        "forward.cuh",
        "batch.sample(row) * columns + j",
        "batch.sample(i) * columns + j",
        "A block takes the first block's rows.",
    ),
    Fault(
        "forward.cuh",
        "fmadd(a, Activation::value(z) - z, z)",
        "fmadd(a, z - Activation::value(z), z)",
        "The difference of a trained slope has the other sign.",
    ),
    Fault(
        "backward.cuh",
        "        if (below.is_added)\n            sum += Real(*gradient);\n",
        "",
        "What a skip brought to a gradient is lost.",
    ),
    Fault(
        "backward.cuh",
        "for (int i = row; i < min(row + row_block, rows.end); ++i)\n            sum +=",
        "for (int i = min(row + row_block, rows.end) - 1; i >= row; --i)\n            sum +=",
        "A block's losses are added from the end.",
    ),
    Fault(
        "backward.cuh",
        "        });\n    }\n    crew.meet();\n    for (int row = rows.begin",
        "        });\n    }\n    for (int row = rows.begin",
        "Losses are added before they are there.",
    ),
    Fault(
        "norms.cuh",
        "__syncwarp(); // all have read the row\n",
        "\n",
        "Half a warp writes to the last row of layer norm while the other half reads it.",
    ),
    Fault(
        "norms.cuh",
        "squares = fmadd(apart, apart, squares);",
        "squares += apart * apart;",
        "The squares of batch norm are rounded before they are added.",
    ),
    Fault(
        "norms.cuh",
        "        if (!batch.moves_running)\n            return;\n",
        "",
        "Running statistics move in the second evaluation of a step too.",
    ),
    Fault(
        "norms.cuh",
        "(n / (n - 1.0)) * variance",
        "variance",
        "The running variance is the biased one.",
    ),
    Fault(
        "dropout.cuh",
        "random::child(layer_key, static_cast<std::uint64_t>(batch.first + row))",
        "random::child(layer_key, static_cast<std::uint64_t>(row))",
        "Each batch drops the same units.",
    ),
    Fault(
        "gradients.cuh",
        "is_matrix(batch, span) ? static_cast<float>(batch.penalty) : 0.0F",
        "static_cast<float>(batch.penalty)",
        "Intercepts have L2 too.",
    ),
    Fault(
        "gradients.cuh",
        "is_matrix(batch, batch.net.segments[s]) ? totals[1] : 0.0",
        "totals[1]",
        "The squares of the weights count intercepts.",
    ),
    Fault(
        "gradients.cuh",
        "    crew.meet();\n}\n\n// The sum of the lanes",
        "}\n\n// The sum of the lanes",
        "The rule does not wait for the gradients.",
    ),
    Fault(
        "update.cuh",
        "        batch.memory.transposed[place] = w;",
        "        return;",
        "The transposes stay as they were.",
    ),
    Fault(
        "update.cuh",
        "is_matrix(batch, segment) ? step.decays[segment.factor] : 0.0",
        "step.decays[segment.factor]",
        "Intercepts decay.",
    ),
    Fault(
        "update.cuh",
        "batch.memory.totals->begun ? 1.0 - batch.net.wrappers.decay : 1.0",
        "1.0 - batch.net.wrappers.decay",
        "The average begins at zero.",
    ),
    Fault(
        "ascent.cuh",
        "write_weight(batch, segment, i, batch.memory.saved[i]);",
        "batch.memory.weights[i] = batch.memory.saved[i];",
        "After the ascent the transposes stay uphill.",
        "The update of the same step writes them again.",
    ),
    Fault(
        "ascent.cuh",
        "max(w, -w) + shift",
        "max(w, -w)",
        "ASAM's normalization has no shift.",
    ),
    Fault(
        "step.cuh",
        "sqrt(squares) + 1e-6",
        "sqrt(squares)",
        "Clipping lacks its small number.",
    ),
    Fault(
        "step.cuh",
        "        segment_squares(crew, batch, share.segments);\n"
        "        update(crew, batch, step, share.segments);",
        "        update(crew, batch, step, share.segments);\n"
        "        segment_squares(crew, batch, share.segments);",
        "The squares are those after the update.",
    ),
    Fault(
        "placement.cuh",
        "            memory.gradient[i] = 0.0F;",
        "            ;",
        "The padding of gradients in shared memory is not cleared.",
    ),
    Fault(
        "skips.cuh",
        "layer.carried_is_new ? part.v : (Real(to) + part).v",
        "(Real(to) + part).v",
        "A carried gradient is added to what the last step left.",
    ),
    Fault(
        "train_in_blocks.cuh",
        "min((block + 1) * block_rows, batch.n_rows)}",
        "min((block + 1) * block_rows + 1, batch.n_rows)}",
        "Two blocks have one row.",
    ),
    Fault(
        "step.cuh",
        "number % across * slab_columns;",
        "number % across * (slab_columns - 1);",
        "Tiles of a product overlap.",
    ),
    Fault(
        "train_in_blocks.cuh",
        "const int first = block * slab_columns;",
        "const int first = block * (slab_columns - 1);",
        "Statistics of some columns are joined twice, and of the last ones never.",
    ),
    Fault(
        "stages.cuh",
        "forward ? layer.width : layer.n_inputs",
        "layer.width",
        "The way back has as many tiles as the way forward.",
    ),
    Fault(
        "stages.cuh",
        "            add_rows(o);\n",
        "",
        "What comes before a product is left out.",
    ),
    Fault(
        "slabs.cuh",
        "        crew.meet();\n        const int next",
        "        const int next",
        "A slab is multiplied before it is there.",
    ),
    Fault(
        "slabs.cuh",
        "put_down(1 - half);",
        "put_down(half);",
        "The next slab is put where threads still multiply.",
    ),
    Fault(
        "slabs.cuh",
        "left + part * 16",
        "left + part * 4",
        "A thread takes rows of its neighbour.",
    ),
    Fault(
        "slabs.cuh",
        "sum[r][c] = fmadd(Real(x[r / 4].v[r % 4]), Real(b.v[c]), sum[r][c]);",
        "sum[r][c] = sum[r][c] + Real(x[r / 4].v[r % 4]) * Real(b.v[c]);",
        "Products by tiles are rounded before they are added.",
    ),
    Fault(
        "slabs.cuh",
        "    crew.meet();\n    for (int r = 0; r < n_rows; ++r)",
        "    for (int r = 0; r < n_rows; ++r)",
        "Sums are put where threads still multiply.",
    ),
    Fault(
        "slabs.cuh",
        "    crew.meet();\n    for (int entry",
        "    for (int entry",
        "Entries are finished before their sums are there.",
    ),
    Fault(
        "gradients.cuh",
        "for (int i = 0; i < batch.n_rows; ++i)",
        "for (int i = batch.n_rows - 1; i >= 0; --i)",
        "Gradients of narrow layers add from the end.",
    ),
]
