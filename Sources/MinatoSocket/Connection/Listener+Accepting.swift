internal import CMinato
internal import Glibc

extension Listener {
    /// Waits for a connection and takes it.
    ///
    /// Cancelling the task ends the wait; no connection is lost by it.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait at most. Default: nil, for ever. Zero takes a connection only if one is there.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: the connection, on the loop of the listener, with TCP_NODELAY set.
    /// - Throws: `.timedOut`, `.cancelled`; `.closed` after ``close()``; `.busy` when another task is accepting;
    ///   `.connectionAborted` and network errors of a connection that broke off before it could be taken (go on after
    ///   these); `.tooManyDescriptors` (the connection stays in the queue: close some, then go on). Not thrown: an error for
    ///   a peer that has gone already and shows it later, when it is read from.
    ///
    /// C: `minato_socket_accept_once`. Python: `accept`. See accept(2).
    public nonisolated(nonsending) func accept(
        timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Connection {
        var descriptor: Int64 = -1
        do throws(SocketError) {
            descriptor = try await channel.perform(.reading, timeout, deadline, Self.noTimeout) { descriptor in
                Int64(minato_socket_accept_once(descriptor, Int32(SOCK_NONBLOCK.rawValue), nil))
            }
        } catch {
            throw SocketError(.accept, error.code, network: error.network, local: localAddress)
        }
        channel.finish(.reading, isReady: true)
        return Connection(Channel.open(socket(owning: Int32(descriptor)), on: channel.loop))
    }

    /// The outcome of a try to take a connection.
    package enum Taken: Sendable {
        /// A descriptor, non-blocking and close-on-exec, which belongs to the caller, and the address of its peer.
        case connection(descriptor: Int32, peer: SocketAddress)
        /// There is none.
        case none
        /// This one is lost, or something is used up, or the listener is closed.
        case failure(SocketError.Code)
    }

    /// Takes a connection if one is there, without waiting, in a cancelled task too; after `none` it costs no system call until there is one.
    ///
    /// For accept loops: `waitUntilReady`, then this until `none`.
    package func acceptReady() -> Taken {
        do throws(SocketError) {
            // Not ready: nothing has come since the queue was found empty.
            guard try channel.seize(.reading) else {
                channel.finish(.reading)
                return .none
            }
        } catch {
            return .failure(error.code)
        }
        var peer = SocketAddress()
        let result = uninterrupted {
            unsafe minato_socket_accept_once(channel.descriptor, Int32(SOCK_NONBLOCK.rawValue), &peer.storage)
        }
        channel.finish(.reading, isReady: result != -EAGAIN)
        if result == -EAGAIN { return .none }
        return result < 0 ? .failure(.init(result: result)) : .connection(descriptor: result, peer: peer)
    }

    /// Waits until a try to accept is worth it.
    ///
    /// - Throws: as ``accept(timeout:deadline:)``, but no error of a connection.
    package nonisolated(nonsending) func waitUntilReady(deadline: Deadline = .none) async throws(SocketError) {
        do throws(SocketError) {
            if try !channel.begin(.reading) {
                let wake = await channel.wait(.reading, until: deadline)
                guard wake == .ready else { throw channel.end(.reading, wake) }
            }
        } catch {
            throw SocketError(.accept, error.code, network: error.network, local: localAddress)
        }
        channel.finish(.reading, isReady: true)
    }

    /// Waits for a pause to be over, whatever comes meanwhile.
    ///
    /// It waits until the listener is writable, which never happens: waiting for connections would end with each new one,
    /// and so the clients would set the pace of the tries.
    ///
    /// - Throws: `.closed`, `.cancelled`; `.busy` when another task waits so.
    package nonisolated(nonsending) func pause(_ duration: Duration) async throws(SocketError) {
        let end = Deadline.after(duration)
        do throws(SocketError) {
            _ = try channel.begin(.writing)
            var wake = Channel.Wake.ready
            while wake == .ready { wake = await channel.wait(.writing, until: end) }
            guard wake == .timedOut else { throw channel.end(.writing, wake) }
        } catch {
            throw SocketError(.accept, error.code, network: error.network, local: localAddress)
        }
        channel.finish(.writing)
    }

    /// The socket of a connection that was taken.
    package func socket(owning descriptor: Int32) -> Socket {
        Socket(owning: descriptor, family: channel.family, kind: channel.kind, protocolNumber: protocolNumber)
    }
}
