// Settings: defaults, then what was given, each checked against its range.

#include "engine/core/catalog.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace deepgen {

bool Parameter::contains(double number) const {
    return (open_low ? number > low : number >= low) &&
           (open_high ? number < high : number <= high);
}

Settings::Settings(const Component &component, std::span<const Parameter> parameters) {
    for (const Parameter &parameter : parameters)
        values_.emplace(std::string(parameter.name), std::vector<double>{parameter.value});
    for (const auto &[name, given] : component.settings) {
        const auto parameter = std::ranges::find(parameters, name, &Parameter::name);
        if (parameter == parameters.end()) {
            std::vector<std::string_view> names;
            for (const Parameter &known : parameters)
                names.push_back(known.name);
            refuse(component.name, ": unknown setting '", name, "'; known: ", joined(names));
        }
        require(!given.empty(), component.name, ": ", name, " is an empty list");
        require(parameter->many || given.size() == 1, component.name, ": ", name,
                " must be one number, got ", given.size());
        for (const double value : given) {
            require(parameter->contains(value), component.name, ": ", name, " must be in ",
                    parameter->open_low ? '(' : '[', parameter->low, ", ", parameter->high,
                    parameter->open_high ? ')' : ']', ", got ", value);
            // What is 0 in float32 would be the bound itself.
            require(!parameter->open_low || value >= std::numeric_limits<float>::min(),
                    component.name, ": ", name, " must be at least ",
                    std::numeric_limits<float>::min(), ", got ", value);
            require(!parameter->integer || value == std::floor(value), component.name, ": ", name,
                    " must be an integer, got ", value);
        }
        values_.find(name)->second = given;
    }
}

const std::vector<double> &Settings::values(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end())
        throw std::logic_error("undeclared setting " + std::string(name));
    return found->second;
}

std::string joined(std::span<const std::string_view> names) {
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::ranges::sort(sorted);
    std::string text;
    for (const std::string_view name : sorted)
        text += (text.empty() ? "" : ", ") + std::string(name);
    return text.empty() ? "none" : text;
}

} // namespace deepgen
