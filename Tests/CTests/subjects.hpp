/// The tests of each subject of the C++17 program, in the order in which they run.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_TESTS_SUBJECTS_HPP
#define MINATO_TESTS_SUBJECTS_HPP

#include "check.h"

extern const check_test api_tests[];
extern const check_test text_tests[];
extern const check_test thread_tests[];

#endif
