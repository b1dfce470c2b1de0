// Found in place of NVIDIA's header where this folder is on the path of includes.

#pragma once

#include "../device_on_host.hpp"
