/// The command line of the load generator.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_OPTIONS_H
#define BENCHMARKS_OPTIONS_H

#include "load.h"

/// Reads the command line; on a mistake prints the usage and ends the program with status 64.
void options_read(struct load *load, int argument_count, char **arguments);

#endif
