internal import CHeap
internal import Glibc

/// The standard input and output, by which the runner talks to the program.
enum Console {
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// Answers each line until there are no more, on the main thread.
    static func obey(_ answer: (_ line: String) -> String) {
        say("ready")
        while let line = readLine() { say(answer(line)) }
    }

    /// `NAME=NUMBER` for each, and the bytes of the heap that are in use.
    static func status(_ numbers: [(name: String, value: Int)]) -> String {
        ([("heap", Int(heap_in_use()))] + numbers).map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }
}
