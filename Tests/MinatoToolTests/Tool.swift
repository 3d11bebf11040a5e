import Glibc
import TestSupport
import Testing

/// The tool as a user runs it: the program that was built beside the tests.
enum Tool {
    static let path: String = {
        var target = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &target, target.count)
        let own = String(decoding: target.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let directory = own.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(directory)/minato"
    }()

    static func start(_ arguments: String..., environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess([path] + arguments, environment: environment)
    }

    /// What a run to its end gave.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    static func run(
        _ arguments: String..., input: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let child = try ChildProcess([path] + arguments, environment: environment)
        if let input { child.write(input) }
        child.closeInput()
        let output = child.readToEnd()
        let errors = child.readErrors()
        return Outcome(status: child.wait(), output: output, errors: errors)
    }
}

/// A `minato serve` that runs.
final class RunningServer {
    let child: ChildProcess
    /// The line that it announced itself with.
    let line: String

    /// To put in front of a command whose descriptors or system calls matter, when the tests run with the other backend.
    static let withEpoll = ["env", "MINATO_EVENT_LOOP_BACKEND=epoll"]

    /// - Parameter program: what to put in front of the command.
    init(_ arguments: String..., under program: [String] = []) throws {
        child = try ChildProcess(program + [Tool.path, "serve"] + arguments)
        line = child.readLine() ?? ""
    }

    /// The port in the line.
    var port: String { String(line.split(separator: ":").last ?? "") }

    /// Ends it as a service manager does.
    func terminate(_ signal: Int32 = SIGTERM) -> Int32 {
        child.signal(signal)
        return child.wait()
    }
}
