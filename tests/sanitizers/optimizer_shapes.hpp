// Checks that the optimizer interface carries shapes that no member has yet; the number of
// failures.

#pragma once

int check_optimizer_shapes();
