/// libcurl for Swift: the header, and typed wrappers of what Swift cannot import.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_CLIBCURL_SHIM_H
#define MINATO_CLIBCURL_SHIM_H

#include <curl/curl.h>

#endif
