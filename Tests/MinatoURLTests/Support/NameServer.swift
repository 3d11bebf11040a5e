import Glibc
import MinatoSocket
import TestSupport

/// A name server at 127.0.0.1:53 of its own network that answers when it is told to: every name is 127.0.0.1.
final class NameServer: Sendable {
    private struct State {
        var isAnswering = false
        var questions: [(bytes: [UInt8], from: sockaddr_in)] = []
    }

    private let descriptor: Int32
    private let state = Guarded(State())
    /// Opened for each question.
    let asked = Gate()

    /// Starts it, in a thread of the network of the calling one.
    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(53).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe bind(
                descriptor, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard result == 0 else { throw OwnNetwork.Failure(call: "bind", code: errno) }
        try Thread.start { self.serve() }
    }

    private func serve() {
        var buffer = [UInt8](repeating: 0, count: 512)
        while true {
            var peer = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = unsafe withUnsafeMutablePointer(to: &peer) { pointer in
                unsafe recvfrom(
                    descriptor, &buffer, buffer.count, 0,
                    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &length)
            }
            guard count > 12 else { return }
            let question = Array(buffer[..<count])
            let isAnswering = state.withLock { state in
                if !state.isAnswering { state.questions.append((question, peer)) }
                return state.isAnswering
            }
            if isAnswering { answer(question, peer) }
            asked.open()
        }
    }

    /// Answers what was asked, and will be.
    func answerAll() {
        let questions = state.withLock { state in
            state.isAnswering = true
            defer { state.questions = [] }
            return state.questions
        }
        for (question, peer) in questions { answer(question, peer) }
    }

    /// RFC 1035 section 4.1: a question about addresses of IPv4 gets one, any other one an answer without a record.
    private func answer(_ question: [UInt8], _ peer: sockaddr_in) {
        var answer = question
        var end = 12
        while answer[end] != 0 { end += Int(answer[end]) + 1 }
        let isForIPv4 = answer[end + 2] == 1
        answer.removeSubrange((end + 5)...)
        answer.replaceSubrange(2..<12, with: [0x81, 0x80, 0, 1, 0, isForIPv4 ? 1 : 0, 0, 0, 0, 0])
        // The name of the question, type A, class IN, an hour, four bytes.
        if isForIPv4 { answer += [0xC0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 127, 0, 0, 1] }
        var peer = peer
        _ = unsafe withUnsafePointer(to: &peer) { pointer in
            unsafe sendto(
                descriptor, answer, answer.count, 0,
                UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
