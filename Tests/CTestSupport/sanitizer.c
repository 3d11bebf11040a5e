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
const char *__tsan_default_suppressions(void) {
    return "race:15DatagramArrivalC4take\n";
}
#endif
