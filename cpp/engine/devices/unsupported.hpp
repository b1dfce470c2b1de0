// What devices behind a plugin cannot do: each thing is refused by its name, before anything is
// sent there.

#pragma once

#include "engine/devices/device.hpp"

namespace deepgen {

template <class T>
void refuse_unsupported(const Network<T> &network);
void refuse_unsupported(const OptimizerSpec &optimizer);
void refuse_unsupported(const TrainingSpec &spec);
void refuse_unsupported(const Inputs<float> &X);

} // namespace deepgen
