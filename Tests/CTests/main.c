/// The C11 test program of the C layer; `run` builds and starts it.
#include "check.h"
#include "subjects.h"

int main(void) {
    const struct check_test *const subjects[] = {
        clock_tests,       error_tests,    address_tests, address_text_tests, resolve_tests,  host_entry_tests,
        option_tests,      signal_tests,   socket_tests,  connect_tests,      transfer_tests, sendfile_tests,
        sigpipe_tests,     control_tests,  message_tests, batch_tests,        ready_tests,    poller_tests,
        poller_life_tests, deadline_tests, pause_tests,
    };
    check_begin();
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i += 1) check_run(subjects[i]);
    return check_end("C11");
}
