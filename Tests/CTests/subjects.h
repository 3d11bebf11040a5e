/// The tests of each subject, in the order in which they run.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_TESTS_SUBJECTS_H
#define MINATO_TESTS_SUBJECTS_H

#include "check.h"

extern const struct check_test clock_tests[];
extern const struct check_test error_tests[];
extern const struct check_test address_tests[];
extern const struct check_test address_text_tests[];
extern const struct check_test resolve_tests[];
extern const struct check_test host_entry_tests[];
extern const struct check_test option_tests[];
extern const struct check_test signal_tests[];
extern const struct check_test socket_tests[];
extern const struct check_test connect_tests[];
extern const struct check_test transfer_tests[];
extern const struct check_test sendfile_tests[];
extern const struct check_test sigpipe_tests[];
extern const struct check_test deadline_tests[];
extern const struct check_test pause_tests[];
extern const struct check_test control_tests[];
extern const struct check_test message_tests[];
extern const struct check_test batch_tests[];
extern const struct check_test ready_tests[];
extern const struct check_test poller_tests[];
extern const struct check_test poller_life_tests[];

#endif
