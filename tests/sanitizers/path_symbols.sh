#!/usr/bin/env bash
# Each SIMD path may define only symbols that no other object can: their names hold its namespace.
#
# An inline function from elsewhere (std::sort of floats, deepgen::require) that a path leaves in its
# object is a weak symbol, compiled with that path's flags. The linker keeps one copy for the whole
# program: code for AVX-512 could then run on a machine that has none.
#
#   path_symbols.sh BUILD_FOLDER      of a Release build: without optimization nothing is inlined
set -euo pipefail

[ "$(uname -m)" = x86_64 ] || exit 0 # other processors have the portable path only

status=0
for path in avx2 avx512 avx512_bfloat16; do
    object=$(find "$1" -path "*/paths/$path.cpp.o")
    if [ -z "$object" ]; then
        echo "no object of paths/$path.cpp under $1"
        status=1
        continue
    fi
    # As the linker has them: _ZN7deepgen6avx512... is deepgen::avx512::...
    foreign=$(nm --defined-only --extern-only --format=posix "$object" |
        awk -v namespace="7deepgen${#path}$path" '!index($1, namespace) {print $1}' | c++filt)
    if [ -n "$foreign" ]; then
        printf 'paths/%s.cpp defines symbols that do not name deepgen::%s:\n%s\n' \
            "$path" "$path" "$foreign"
        status=1
    fi
done
exit $status
