// An array as it stands before a kernel: on the device, and for the CPU.
//
// The CPU wants zeros where rows are padded; the device must neither read nor write there, nor
// anywhere else outside of the numbers that a kernel is about. So there it has poison, NaN that a
// sum would carry on.

#pragma once

#include "engine/core/types.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

namespace deepgen::cuda {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// A signaling NaN, so that what is computed from it is another one: `tainted`.
template <class T>
inline constexpr Bits<T> tainted_bits = ~Bits<T>{0};
template <class T>
inline constexpr Bits<T> poison_bits =
    tainted_bits<T> ^ (Bits<T>{1} << (std::numeric_limits<T>::digits - 2));

template <class T>
void put_poison(T &to) {
    std::memcpy(&to, &poison_bits<T>, sizeof to);
}
template <class T>
Bits<T> bits_of(const T &value) {
    return std::bit_cast<Bits<T>>(value);
}
template <class T>
bool is_poisoned(const T &value) {
    return bits_of(value) == poison_bits<T> || bits_of(value) == tainted_bits<T>;
}

// All NaN are one, but for those of poison.
template <class T>
bool equal(const T &a, const T &b) {
    return (bits_of(a) == bits_of(b) && bits_of(a) != tainted_bits<T>) ||
           (std::isnan(a) && std::isnan(b) && !is_poisoned(a) && !is_poisoned(b));
}

// What was found in all arrays of a case.
struct Findings {
    std::int64_t n_differ = 0;
    std::int64_t n_finite = 0; // numbers that the CPU computed
    std::string first;
};

template <class T>
struct Image {
    explicit Image(const char *name_) : name(name_) {}

    void resize(Index n) {
        device.resize(as_size(n));
        std::ranges::for_each(device, put_poison<T>);
        path.assign(as_size(n), T(0));
        real.assign(as_size(n), false);
    }
    void set(Index i, T value) {
        device[as_size(i)] = path[as_size(i)] = value;
        real[as_size(i)] = true;
    }
    // A number that has yet to be computed.
    void expect(Index i) {
        put_poison(device[as_size(i)]);
        put_poison(path[as_size(i)]);
        real[as_size(i)] = true;
    }
    // Also the device has zeros in what is padding until now.
    void pad(Index begin, Index end) {
        for (Index i = begin; i < end; ++i)
            if (!real[as_size(i)])
                set(i, T(0));
    }

    void compare(std::span<const T> after, Findings &findings) const {
        for (std::size_t i = 0; i < after.size(); ++i) {
            const T &expected = real[i] ? path[i] : device[i];
            findings.n_finite +=
                real[i] && bits_of(path[i]) != bits_of(device[i]) && std::isfinite(path[i]);
            if (equal(after[i], expected))
                continue;
            if (findings.n_differ++ == 0)
                findings.first = std::string(name) + "[" + std::to_string(i) + "] is " +
                                 text(after[i]) + ", not " + text(expected) +
                                 (real[i] ? "" : ", where the kernel has no business");
        }
    }

    const char *name;
    Buffer<T> device, path;
    std::vector<bool> real;

  private:
    static std::string text(const T &value) {
        if (is_poisoned(value))
            return bits_of(value) == poison_bits<T> ? "poison" : "computed from poison";
        char digits[40];
        std::snprintf(digits, sizeof digits, "%a", static_cast<double>(value));
        return digits;
    }
};

} // namespace deepgen::cuda
