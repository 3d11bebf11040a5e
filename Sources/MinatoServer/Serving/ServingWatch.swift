internal import MinatoSocket

/// What waits for connections or datagrams, and can be told to stop.
protocol ServingWatch: Sendable {
    /// Ends the wait under way, or the next one. From any thread, any number of times.
    func wake()
}

/// Something in flight that can be ended from outside. From any thread.
protocol Endable: AnyObject, Sendable {
    /// - Parameter givingUp: whether what the peer has not taken of what it was sent is thrown away.
    func end(givingUp: Bool)
}

extension Channel: Endable {
    func end(givingUp: Bool) {
        if givingUp { giveUpUnsent() }
        close()
    }
}
