// The C++17 test program of the C layer; `run` builds and starts it.
#include <initializer_list>

#include "subjects.hpp"

int main() {
    check_begin();
    for (const check_test *tests : {api_tests, text_tests, thread_tests}) check_run(tests);
    return check_end("C++17");
}
