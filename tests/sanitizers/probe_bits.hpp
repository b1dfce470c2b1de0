// Measures with a probe on one thread and on three; the number of cases whose bits differ.

#pragma once

inline constexpr int n_probe_cases = 6;

int check_probe_bits();
