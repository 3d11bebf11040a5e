/// What happens before anything is measured: connections are opened and tried one after the other, blocking.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_BLOCKING_H
#define BENCHMARKS_BLOCKING_H

#include "load.h"

/// A blocking TCP connection to the server, with TCP_NODELAY and a time limit of ten seconds for each call.
int blocking_connect(const struct load *load);

/// Sends the bytes and receives them again, or gives up.
void blocking_echo(int descriptor, const char *bytes, size_t count);

/// Makes the descriptor non-blocking from now on.
void blocking_end(int descriptor);

#endif
