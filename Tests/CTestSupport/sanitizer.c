#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_THREAD_SANITIZER
#endif
#endif

#ifdef WITH_THREAD_SANITIZER
const char *__tsan_default_suppressions(void);

/// What ThreadSanitizer is not to report, since it does not see the order there is: Swift's runtime is not made with it.
///
/// `DatagramArrival.take` writes to an object, and to its array, once nobody else refers to them. Whoever read them, in any thread,
/// has let go of its reference before, which the runtime does with release and looks for with acquire.
///
/// A continuation reads the memory of its task as it is resumed, and `withUnsafeContinuation` writes there, the next time. Between the
/// two is an exchange in the runtime, if the task had not gone to sleep yet (github.com/swiftlang/swift/issues/57803): a task that
/// awaits one gate after the other, and a thread that opens them as soon as they are waited for, and nothing else, are reported. It is
/// the function itself that is meant, and not what it calls.
const char *__tsan_default_suppressions(void) {
    return "race:15DatagramArrivalC4take\n"
           "race_top:s22withUnsafeContinuation9isolation\n";
}
#endif
