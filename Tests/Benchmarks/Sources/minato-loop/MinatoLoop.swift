internal import Glibc

/// `minato-loop`: what an event loop promises in milliseconds, measured on a machine with nothing else to do.
///
///     minato-loop timers          prints "late MILLISECONDS": the lateness that 99 of 100 timers stay below
///     minato-loop cancellations   prints "slowest MILLISECONDS": from a cancellation to the end of what it ends
///
/// Exit status 1, with the reason, when something else went wrong: a timer was early, a cancellation had another outcome.
@main
struct MinatoLoop {
    static func main() async {
        do {
            switch CommandLine.arguments.dropFirst() {
            case ["timers"]: print("late \(milliseconds(try await Timers.lateness()))")
            case ["cancellations"]: print("slowest \(milliseconds(try await Cancellations().slowest()))")
            default:
                print("usage: minato-loop timers|cancellations")
                exit(64)
            }
        } catch {
            print(error)
            exit(EXIT_FAILURE)
        }
    }

    private static func milliseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e6 }
}

/// A promise that was not kept.
struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// CLOCK_MONOTONIC, in nanoseconds.
func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
