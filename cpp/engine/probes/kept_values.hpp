// What passes at one point leave of a probe's rows, kept for later measurements at that point.
//
// Rows lie in chunks; of each there are the values of the way forward and, once a Hessian's product
// has asked, the gradients of the way back. A measurement takes its chunks out and puts them back:
// one that comes meanwhile from another thread finds nothing, and computes for itself. Measurements
// at another point write over what stands, so that a probe keeps one point's values at a time and
// no more than its limit. What does not fit, or belongs to a network with a front, is not kept.

#pragma once

#include "engine/probes/deltas.hpp"
#include "engine/probes/point.hpp"

#include <map>
#include <mutex>

namespace deepgen {

struct KeptChunk {
    // Filled by a team at a point, as was wished.
    void stands(const Point &point, Index team, bool with_deltas);

    Index n_rows = 0, team_size = 0;
    // The points at which they stand; 0: none yet.
    std::uint64_t values_point = 0, deltas_point = 0;
    std::vector<LayerValues<double>> values;
    std::optional<Deltas> deltas;
};

class KeptValues {
  public:
    // What a measurement does with chunks that do not stand: leaves them, or fills them.
    enum class Wish { nothing, values, values_and_deltas };

    KeptValues(const Network<double> &network, std::size_t limit); // bytes

    // The chunk of n_rows rows from `first` on, with room for what is wished where there is some;
    // without values where there is none. Every chunk that was taken has to be put back.
    KeptChunk take(const Point &point, Index first, Index n_rows, Index team_size, Wish wish);
    void put(Index first, KeptChunk chunk);

    std::size_t bytes() const;

  private:
    // Takes so many bytes, if they are left.
    bool reserve(std::size_t bytes);
    std::size_t bytes_of(const KeptChunk &) const;

    const Network<double> &network_;
    const std::size_t limit_;
    std::size_t value_bytes_, delta_bytes_; // for each row
    mutable std::mutex mutex_;
    std::size_t bytes_ = 0; // of what stands and of what was taken out
    std::map<Index, KeptChunk> chunks_;
};

} // namespace deepgen
