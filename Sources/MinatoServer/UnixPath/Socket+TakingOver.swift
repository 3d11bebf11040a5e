internal import Glibc
internal import MinatoSocket

// Binding a server's socket to a path: who may have it, and with which mode.

extension Socket {
    /// Opens a socket that is bound to a Unix endpoint, in the place of one that was left behind at its path.
    ///
    /// - Parameter permissions: the mode of the path, nil for what the process's umask leaves. At no moment is it wider.
    static func boundTakingOver(_ endpoint: Endpoint, permissions: UInt32?) throws(SocketError) -> Socket {
        let address = try endpoint.unixAddress
        let path = UnixPath(address)
        let socket = try Socket(.unix, endpoint.kind)
        if let permissions {
            guard path != nil, permissions <= 0o777 else {
                let subject = "permissions 0o\(String(permissions, radix: 8))"
                throw SocketError(.bind, .invalidArgument, local: address, subject: subject)
            }
            // A path gets the mode of its socket, less the umask, in the moment in which it is made.
            guard fchmod(socket.descriptor, permissions) == 0 else {
                throw SocketError(.bind, .init(errno), local: address, subject: "permissions")
            }
        }
        try socket.bindTakingOver(address, path)
        if let permissions, let path {
            do {
                // What the umask took away.
                try path.setMode(permissions)
            } catch {
                _ = path.remove()
                throw error
            }
        }
        return socket
    }

    private func bindTakingOver(_ address: SocketAddress, _ path: UnixPath?) throws(SocketError) {
        let refusal: SocketError
        do throws(SocketError) {
            // The first attempt needs no lock: a path is nobody's or somebody's from the moment in which it is made.
            return try bind(to: address)
        } catch {
            refusal = error
        }
        guard refusal.code == .addressInUse, let path else { throw refusal }
        // Between finding that nobody is there and removing the path nobody else may do the same: it would be the path
        // of the one who was first that is removed.
        guard let lock = path.lockForTakingOver() else { throw refusal }
        try lock.whileHeld { () throws(SocketError) in
            guard path.isStale, path.remove() else { throw refusal }
            try bind(to: address)
        }
    }
}

extension Endpoint {
    /// The address of a Unix endpoint.
    fileprivate var unixAddress: SocketAddress {
        get throws(SocketError) {
            switch target {
            case .path(let path): try SocketAddress(unixPath: path)
            case .abstract(let name): try SocketAddress(abstractName: name)
            case .address(let address): address
            case .host: SocketAddress()
            }
        }
    }
}
