/* A plugin whose table is made by the process that opens it: by record.py, of functions in Python. */

#include "engine/devices/abi.h"

#include <stddef.h>

static const DeepgenPlugin *table;

void relay_to(const DeepgenPlugin *made) {
    table = made;
}

const DeepgenPlugin *deepgen_plugin(int32_t abi) {
    return table && table->abi == abi ? table : NULL;
}
