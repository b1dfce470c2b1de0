// X, y and weights on a device, shared by the runs that train on the same arrays.

#pragma once

#include "cuda/device_array.cuh"
#include "cuda/net.cuh"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

namespace deepgen::cuda {

struct Table {
    DeviceArray<float> X, values, weights;
    DeviceArray<std::int32_t> classes;

    Data view(int n_columns) const {
        return {n_columns, X.data(), values.data(), classes.data(), weights.data()};
    }
};

// A run keeps the arrays alive that it was given, so that the same address is the same array as
// long as some run holds its table.
inline std::shared_ptr<const Table> table_of(std::int32_t device, const DeepgenData &data,
                                             std::int64_t n_targets) {
    using Key = std::tuple<std::int32_t, const void *, const void *, const void *, const void *,
                           std::int64_t, std::int64_t>;
    static std::mutex guard;
    static std::map<Key, std::weak_ptr<const Table>> tables;
    const std::lock_guard lock(guard);
    std::erase_if(tables, [](const auto &entry) { return entry.second.expired(); });
    const Key key{device,       data.X,      data.values,   data.classes,
                  data.weights, data.n_rows, data.n_columns};
    if (const auto found = tables.find(key); found != tables.end())
        if (auto table = found->second.lock())
            return table;
    const auto copied = []<class T>(const T *from, std::int64_t n) {
        return from ? DeviceArray<T>(std::span<const T>(from, static_cast<std::size_t>(n)))
                    : DeviceArray<T>();
    };
    auto table = std::make_shared<const Table>(Table{
        copied(data.X, data.n_rows * data.n_columns), copied(data.values, data.n_rows * n_targets),
        copied(data.weights, data.n_rows), copied(data.classes, data.n_rows)});
    tables[key] = table;
    return table;
}

} // namespace deepgen::cuda
