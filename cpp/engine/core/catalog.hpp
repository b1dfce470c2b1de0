// Families of interchangeable members (losses, optimizers, ...): names, settings with defaults and
// ranges, look-up with messages. Written once; a member only states its `Parameter`s, which Python
// reads too.

#pragma once

#include "engine/core/check.hpp"
#include "engine/core/types.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace deepgen {

// One setting of a member: its default and its range, to which an open bound does not belong.
struct Parameter {
    std::string_view name;
    double value;
    double low;
    double high;
    bool open_low = false;
    bool open_high = false;
    bool integer = false;
    std::span<const std::string_view> choices = {}; // what 0, 1 ... stand for
    bool many = false;                              // a list of values is allowed

    bool contains(double number) const;
};

// What a caller asks for: a member's name and the settings that differ from its defaults.
struct Component {
    std::string name;
    std::map<std::string, std::vector<double>> settings;
};

// A member's settings after defaults and range checks.
class Settings {
  public:
    Settings(const Component &component, std::span<const Parameter> parameters);

    [[nodiscard]] double operator[](std::string_view name) const { return values(name).front(); }
    [[nodiscard]] const std::vector<double> &values(std::string_view name) const;

  private:
    std::map<std::string, std::vector<double>, std::less<>> values_;
};

// "elu, gelu, relu": the known names, for messages.
[[nodiscard]] std::string joined(std::span<const std::string_view> names);

// The entry called `name`; any type with a `name` member will do.
template <class Entry>
[[nodiscard]] const Entry &
find_member(std::string_view family, std::span<const Entry *const> entries, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Entry *entry : entries) {
        if (entry->name == name)
            return *entry;
        names.push_back(entry->name);
    }
    refuse("unknown ", family, " '", name, "'; known: ", joined(names));
}

} // namespace deepgen
