internal import Glibc

/// Makes a call of the C layer again for as long as a signal interrupts it.
///
/// The one place of the Swift library that knows EINTR. The C layer takes absolute deadlines, so that the repeated call
/// waits for what is left of the time and no longer. Never used for `minato_socket_close`.
package func uninterrupted<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != Result(-EINTR) { return result }
    }
}
