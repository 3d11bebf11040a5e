/// Everything of the C library: `#include <minato/minato.h>`.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_MINATO_H
#define MINATO_MINATO_H

#include "minato/address.h"
#include "minato/base.h"
#include "minato/clock.h"
#include "minato/error.h"
#include "minato/message.h"
#include "minato/option.h"
#include "minato/poller.h"
#include "minato/ready.h"
#include "minato/resolve.h"
#include "minato/signal.h"
#include "minato/sigpipe.h"
#include "minato/socket.h"
#include "minato/thread.h"

#endif
