/* A plugin that computes nothing: it has the devices, and gives the reasons, that the environment
 * names when it is asked. */

#include "engine/devices/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static int32_t n_devices(DeepgenStatus *status) {
    status->reason = number("FAKE_REASON", DEEPGEN_DONE);
    if (status->reason == DEEPGEN_DONE)
        return number("FAKE_DEVICES", 1);
    strcpy(status->detail, "the fake's detail");
    return -1;
}

static int32_t describe(int32_t device, DeepgenDeviceInfo *info, DeepgenStatus *status) {
    snprintf(info->name, sizeof(info->name), "Fake %d", (int)device);
    info->major = number("FAKE_MAJOR", 9);
    info->driver = info->runtime = 13000;
    info->n_multiprocessors = 132;
    info->memory = 150000000000;
    info->free_memory = 140000000000;
    if (info->major >= 8)
        return 0;
    status->reason = DEEPGEN_OLD_DEVICE;
    strcpy(status->detail, "the fake's compute capability is too low");
    return -1;
}

static const DeepgenPlugin table = {
    .abi = DEEPGEN_ABI + FAKE_OTHER_TABLE,
    .built_for = "a fake",
    .n_devices = n_devices,
    .describe = describe,
};

const DeepgenPlugin *deepgen_plugin(int32_t abi) {
    return abi + FAKE_OTHER_VERSION == DEEPGEN_ABI ? &table : NULL;
}
