extension Channel {
    /// A channel for a socket, watched by its loop.
    static func open(
        _ socket: consuming Socket, on loop: EventLoop, isReadable: Bool = false, isWritable: Bool = true
    ) -> Channel {
        let channel = Channel(socket, on: loop, isReadable: isReadable, isWritable: isWritable)
        channel.register()
        return channel
    }
}
