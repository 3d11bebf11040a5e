import Glibc
import MinatoSocket
import TestSupport
import Testing

/// Every test runs on both backends.
@Suite("Selector", .watchdog)
struct SelectorTests {
    static let backends: [SelectorBackend] = [.epoll, .poll]

    @Test("Registers, reports with the user's value, modifies, unregisters", arguments: backends)
    func life(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        var selector = try Selector<String>(backend: backend)
        #expect(selector.backend == backend)
        #expect(selector.count == 0)
        let key = try selector.register(pair.first, for: .read, value: "first")
        #expect(key.descriptor == pair.first.descriptor)
        #expect(key.interest == .read)
        #expect(key.value == "first")
        #expect(selector.key(for: pair.first) == key)
        #expect(selector.key(for: pair.second.descriptor) == nil)
        #expect(selector.keys == [key])

        var ready = try selector.select(timeout: .zero)
        #expect(ready.isEmpty)
        try pair.second.sendAll("x")
        // Level-triggered: each select tells again.
        for _ in 0..<3 {
            ready = try selector.select()
            #expect(ready.map(\.value) == ["first"])
            #expect(ready.map(\.interest) == [.read])
            #expect(ready.map(\.descriptor) == [pair.first.descriptor])
        }

        try selector.modify(pair.first, for: [.read, .write])
        ready = try selector.select()
        #expect(ready.map(\.value) == ["first"])
        #expect(ready.map(\.interest) == [[.read, .write]])
        try selector.modify(pair.first, for: .write, value: "writer")
        ready = try selector.select()
        #expect(ready.map(\.value) == ["writer"])
        #expect(ready.map(\.interest) == [.write])
        #expect(selector.key(for: pair.first)?.value == "writer")

        let last = try selector.unregister(pair.first)
        #expect(last.value == "writer")
        #expect(selector.count == 0)
        ready = try selector.select(timeout: .zero)
        #expect(ready.isEmpty)
        // It can be registered anew.
        try selector.register(pair.first, for: .read, value: "again")
        ready = try selector.select()
        #expect(ready.map(\.value) == ["again"])
    }

    @Test("The default backend is epoll")
    func defaultBackend() throws {
        let selector = try Selector<Void>()
        #expect(selector.backend == .epoll)
    }

    @Test("Refuses what cannot be registered, and nothing stays registered", arguments: backends)
    func refusals(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        var selector = try Selector<Int>(backend: backend)
        let rows: [(Int32, Interest, SocketError.Code)] = [
            (pair.first.descriptor, [], .invalidArgument),
            (pair.first.descriptor, Interest(rawValue: 4), .invalidArgument),
            (pair.first.descriptor, [.read, Interest(rawValue: 1 << 31)], .invalidArgument),
            (-1, .read, .badDescriptor),
            (999_999, .read, .badDescriptor),
        ]
        for (descriptor, interest, code) in rows {
            do throws(SocketError) {
                try selector.register(descriptor, for: interest, value: 0)
                Issue.record("\(descriptor) was registered for \(interest)")
            } catch {
                #expect(error.code == code)
                #expect(error.description.hasPrefix("register descriptor \(descriptor): "))
            }
            #expect(selector.count == 0)
            #expect(selector.key(for: descriptor) == nil)
        }

        try selector.register(pair.first, for: .read, value: 1)
        var code: SocketError.Code?
        do throws(SocketError) { try selector.register(pair.first, for: .write, value: 2) } catch { code = error.code }
        #expect(code == .alreadyExists)
        #expect(selector.key(for: pair.first)?.interest == .read)
        #expect(selector.key(for: pair.first)?.value == 1)
        #expect(selector.count == 1)
    }

    @Test("What is not registered is not found; a change that is refused changes nothing", arguments: backends)
    func unknown(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        var selector = try Selector<Int>(backend: backend)
        var codes: [SocketError.Code] = []
        do throws(SocketError) { try selector.modify(pair.first, for: .read) } catch { codes.append(error.code) }
        do throws(SocketError) { try selector.modify(pair.first, for: .read, value: 1) } catch {
            codes.append(error.code)
        }
        do throws(SocketError) { try selector.unregister(pair.first) } catch { codes.append(error.code) }
        #expect(codes == [.notFound, .notFound, .notFound])

        let key = try selector.register(pair.first, for: .write, value: 7)
        codes = []
        for interest in [[], Interest(rawValue: 8)] as [Interest] {
            do throws(SocketError) { try selector.modify(pair.first, for: interest, value: 8) } catch {
                codes.append(error.code)
            }
        }
        #expect(codes == [.invalidArgument, .invalidArgument])
        #expect(selector.key(for: pair.first) == key)
        let ready = try selector.select(timeout: .zero)
        #expect(ready.map(\.value) == [7])
    }

    @Test("A regular file: refused by epoll without a trace, always ready with poll", arguments: backends)
    func regularFile(_ backend: SelectorBackend) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", [1, 2, 3])
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var selector = try Selector<Int>(backend: backend)
        var code: SocketError.Code?
        do throws(SocketError) { try selector.register(file, for: [.read, .write], value: 1) } catch {
            code = error.code
        }
        switch backend {
        case .epoll:
            #expect(code == .notPermitted)
            #expect(selector.count == 0)
            #expect(selector.key(for: file) == nil)
        case .poll:
            #expect(code == nil)
            let ready = try selector.select()
            #expect(ready.map(\.interest) == [[.read, .write]])
        }
    }

    @Test("A descriptor that was closed is silent, and can still be unregistered", arguments: backends)
    func closed(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        let other = try Socket.pair()
        try other.second.sendAll("ready")
        // A number that no other test gets meanwhile.
        let high = try HighDescriptor(moving: other.first, from: backend == .epoll ? 3100 : 3200)
        let number = high.number
        var selector = try Selector<Int>(backend: backend)
        try selector.register(pair.first, for: .write, value: 0)
        try selector.register(number, for: .read, value: 1)
        high.close()
        var code: SocketError.Code?
        do throws(SocketError) { try selector.modify(number, for: .write, value: 9) } catch { code = error.code }
        #expect(code == .badDescriptor)
        #expect(selector.key(for: number)?.value == 1)
        #expect(selector.key(for: number)?.interest == .read)
        let ready = try selector.select()
        #expect(ready.map(\.value) == [0])
        let key = try selector.unregister(number)
        #expect(key.value == 1)
        #expect(selector.count == 1)
    }

    @Test(
        "A number that means something else now is registered anew after the old one was removed", arguments: backends)
    func reusedNumber(_ backend: SelectorBackend) throws {
        let new = try Socket.pair()
        try new.second.sendAll("new")
        var selector = try Selector<String>(backend: backend)
        let high: HighDescriptor
        do {
            let old = try Socket.pair()
            high = try HighDescriptor(copyOf: old.first.descriptor, from: 3000)
            try selector.register(high.number, for: .read, value: "old")
        }
        try high.become(copyOf: new.first.descriptor)
        var code: SocketError.Code?
        do throws(SocketError) { try selector.register(high.number, for: .read, value: "new") } catch {
            code = error.code
        }
        #expect(code == .alreadyExists)
        try selector.unregister(high.number)
        var ready = try selector.select(timeout: .zero)
        #expect(ready.isEmpty)
        try selector.register(high.number, for: .read, value: "new")
        ready = try selector.select(timeout: .seconds(10))
        #expect(ready.map(\.value) == ["new"])
    }

    @Test("Descriptors above 1023 work", arguments: backends)
    func highNumbers(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        let high = try HighDescriptor(copyOf: pair.first.descriptor, from: 1500)
        var selector = try Selector<Int>(backend: backend)
        try selector.register(high.number, for: .read, value: 5)
        try pair.second.sendAll("x")
        let ready = try selector.select()
        #expect(ready.map(\.descriptor) == [high.number])
    }

    @Test("A selector can be waited for like a descriptor, with epoll")
    func nesting() throws {
        let pair = try Socket.pair()
        var inner = try Selector<Int>(backend: .epoll)
        try inner.register(pair.first, for: .read, value: 1)
        let possible = inner.descriptor
        let descriptor = try #require(possible)
        #expect(try select(reading: [descriptor], timeout: .zero).isEmpty)
        try pair.second.sendAll("x")
        #expect(try select(reading: [descriptor], timeout: .seconds(10)).reading == [descriptor])
        let ready = try inner.select(timeout: .zero)
        #expect(ready.map(\.value) == [1])
        let portable = try Selector<Int>(backend: .poll)
        let none = portable.descriptor
        #expect(none == nil)
    }
}
