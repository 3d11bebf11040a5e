import HTTPTypes
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What is tried again, and after which pause.
@Suite(.watchdog) struct RetryTests {
    private func opener(
        _ transport: MockTransport, attempts: Int, _ change: (inout URLOpener.Retries) -> Void = { _ in }
    ) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: attempts)
        configuration.retries.firstPause = .milliseconds(1)
        configuration.retries.budgetPerOpen = 10
        change(&configuration.retries)
        return URLOpener(transport: transport, configuration: configuration)
    }

    /// What happens the first time, and whether there is a second one.
    enum First: Sendable {
        case error(OpenError.Code, OpenError.Operation)
        case status(Int, retryAfter: String?)
    }

    @Test(
        arguments: Face.allCases,
        [
            ("GET", First.error(.connectionRefused, .connect), true),
            ("POST", .error(.connectionRefused, .connect), true),
            ("POST", .error(.nameNotFound, .connect), true), ("POST", .error(.connectionFailed, .connect), true),
            ("POST", .error(.timedOut, .connect), true), ("GET", .error(.timedOut, .open), false),
            ("GET", .error(.connectionReset, .open), false), ("GET", .error(.emptyReply, .open), false),
            ("GET", .error(.tlsUnknownIssuer, .connect), false), ("GET", .error(.cancelled, .open), false),
            ("GET", .error(.deadlineExceeded, .connect), false), ("GET", .error(.addressRefused, .connect), false),
            ("GET", .status(503, retryAfter: nil), true), ("GET", .status(429, retryAfter: nil), true),
            ("PUT", .status(503, retryAfter: nil), true), ("POST", .status(503, retryAfter: nil), false),
            ("POST", .status(503, retryAfter: "0"), true), ("POST", .status(429, retryAfter: "0"), true),
            ("GET", .status(503, retryAfter: "61"), false), ("GET", .status(503, retryAfter: "soon"), false),
            ("GET", .status(503, retryAfter: "Thu, 01 Jan 1970 00:00:00 GMT"), true),
            ("GET", .status(500, retryAfter: "0"), false), ("GET", .status(502, retryAfter: nil), false),
            ("GET", .status(404, retryAfter: nil), false), ("GET", .status(504, retryAfter: nil), false),
        ])
    func triesAgain(_ face: Face, _ row: (method: String, first: First, isRetried: Bool)) async throws {
        let count = Outcome.Counter()
        let mock = MockTransport { request throws(OpenError) in
            count.add(1)
            guard count.value == 1 else { return .init(status: 200) }
            switch row.first {
            case .error(let code, let operation): throw OpenError(code, operation, url: request.url, detail: "first")
            case .status(let status, let retryAfter):
                return .init(status: status, fields: retryAfter.map { [("Retry-After", $0)] } ?? [])
            }
        }
        let request = try URLOpener.Request("http://h/", method: row.method)
        if row.isRetried {
            #expect(try await face.open(opener(mock, attempts: 2), request).status == 200)
        } else {
            await #expect(throws: OpenError.self) { try await face.open(opener(mock, attempts: 2), request) }
        }
        #expect(mock.requests.count == (row.isRetried ? 2 : 1))
    }

    /// What a program's own error says it was doing counts, whoever throws it: the mock, or a handler that answers.
    @Test(
        arguments: Face.allCases,
        [
            (OpenError.Code.timedOut, OpenError.Operation.connect, true), (.timedOut, .open, false),
            (.timedOut, .handle, false), (.connectionReset, .connect, true), (.connectionReset, .handle, false),
            (.connectionRefused, .handle, true),
        ])
    func errorsOfProgramsSayWhatWasDone(
        _ face: Face, _ row: (code: OpenError.Code, operation: OpenError.Operation, isRetried: Bool)
    ) async throws {
        struct Answering: OpenerHandler {
            let failing: @Sendable () throws(OpenError) -> Void
            func answer(
                _ request: URLOpener.Request, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Answer? {
                try failing()
                return .init(head: .init(status: 200))
            }
        }
        let asked = Outcome.Counter()
        let fail: @Sendable () throws(OpenError) -> Void = { () throws(OpenError) in
            asked.add(1)
            throw OpenError(row.code, operation: row.operation, url: "http://h/", detail: "slow")
        }
        let mock = MockTransport { (_) throws(OpenError) in
            try fail()
            return .init(status: 200)
        }
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 3)
        configuration.retries.firstPause = .milliseconds(1)
        for opener in [
            URLOpener(transport: mock, configuration: configuration),
            URLOpener(Answering(failing: fail), transport: mock, configuration: configuration),
        ] {
            let before = asked.value
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, "http://h/") }
            #expect(error?.code == row.code && error?.operation == row.operation)
            #expect(error?.description == "\(row.operation) http://h/: slow (\(row.code))")
            #expect(asked.value - before == (row.isRetried ? 3 : 1))
        }
        #expect(OpenError(row.code, url: "http://h/", detail: "").operation == .handle)
    }

    /// Off by default; as often as asked for; the last error is the result.
    @Test(arguments: Face.allCases, [(1, 1), (0, 1), (2, 2), (4, 4)])
    func endsAfterSoMany(_ face: Face, _ row: (attempts: Int, count: Int)) async throws {
        let mock = MockTransport { _ in .init(status: 503, body: [7]) }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener(mock, attempts: row.attempts), "http://h/")
        }
        #expect(error?.status == 503 && mock.requests.count == row.count)
        #expect(try await AnyResponse(error)?.body.read(9) == [7])
        let plain = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(transport: mock), "http://h/")
        }
        #expect(plain?.status == 503 && mock.requests.count == row.count + 1)
    }

    /// Ten to begin with, then a part of one for each open.
    @Test(arguments: Face.allCases)
    func hasABudget(_ face: Face) async throws {
        let mock = MockTransport { _ in .init(status: 503) }
        let opener = opener(mock, attempts: 5) { $0.budgetPerOpen = 0.5 }
        for _ in 0..<10 { _ = try? await face.open(opener, "http://h/") }
        // Ten requests, ten retries of the beginning, and half a one for each open but those that found the budget full.
        #expect(mock.requests.count == 23 || mock.requests.count == 24)
    }

    /// No pause that the deadline does not allow: the error is there at once.
    @Test(arguments: Face.allCases)
    func keepsTheDeadline(_ face: Face) async throws {
        let mock = MockTransport { _ in .init(status: 503, fields: [("Retry-After", "50")], body: [7]) }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener(mock, attempts: 5), "http://h/", deadline: .after(.seconds(40)))
        }
        #expect(error?.status == 503 && mock.requests.count == 1)
        #expect(try await AnyResponse(error)?.body.read(9) == [7])
    }

    @Test func cancellingEndsThePause() async throws {
        let asked = Gate()
        let mock = MockTransport { _ in
            asked.open()
            return .init(status: 503, fields: [("Retry-After", "50")])
        }
        let opener = opener(mock, attempts: 2)
        let task = Task { try await opener.open("http://h/") }
        #expect(await asked.opened())
        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled && mock.requests.count == 1)
    }

    /// A body that cannot be sent again is not; one that says so, or was not asked for, is.
    @Test func needsABodyThatCanBeSentAgain() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 3)
        let opener = URLOpener(configuration: configuration)
        for (isRestartable, count) in [(true, 3), (false, 1)] {
            let before = server.peers.count
            let body = URLOpener.Request.Body.stream(length: 1, isRestartable: isRestartable) {
                try await $0.write([65])
            }
            let request = try URLOpener.Request(server.url(), body: body)
            let error = await #expect(throws: OpenError.self) { try await opener.open(request) }
            #expect(error?.status == 503 && server.peers.count - before == count)
        }
    }

    /// The pauses grow to their limit, and chance makes them shorter; a Retry-After is kept, and chance makes it longer.
    @Test(
        arguments: [
            (1.0, nil, [100, 200, 400, 800, 1000, 1000]), (0.5, nil, [50, 100, 200, 400, 500, 500]),
            (0.0, nil, [0, 0, 0, 0, 0, 0]), (0.0, "3", [3000, 3000, 3000, 3000, 3000, 3000]),
            (1.0, "3", [3100, 3100, 3100, 3100, 3100, 3100]),
        ] as [(Double, String?, [Int])])
    func pausesGrow(_ random: Double, _ retryAfter: String?, _ pauses: [Int]) throws {
        var policy = URLOpener.Retries(attempts: 7)
        policy.firstPause = .milliseconds(100)
        policy.longestPause = .seconds(1)
        var state = RetryState(policy, RetryBudget(), random: { random }, now: { 0 })
        var fields = HTTPFields()
        if let retryAfter { fields[.retryAfter] = retryAfter }
        let head = URLOpener.ResponseHead(status: 503, fields: fields)
        let request = try URLOpener.Request("http://h/")
        for pause in pauses { #expect(state.pause(after: head, of: request) == .milliseconds(pause)) }
        #expect(state.pause(after: head, of: request) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777 - 784_111_000),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0), ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000 - 784_111_000),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200 - 784_111_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799 - 784_111_000),
            ("99999999999999999999", Int(Int32.max)), ("-1", nil), ("1.5", nil), ("", nil), ("tomorrow", nil),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 6 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
            ("Sun, 06 Now 1994 08:49:37 GMT", nil),
        ] as [(String, Int?)])
    func readsRetryAfter(_ text: String, _ seconds: Int?) {
        #expect(RetryAfter.pause(text, now: 784_111_000) == seconds.map { .seconds($0) })
    }
}
