internal import CMinato
internal import Glibc

/// What travels beside the bytes of a message: descriptors, credentials, where a datagram came to, or any other item.
///
///     try socket.sendMessage([Array("log".utf8)], ancillary: [.descriptors([file])])
///     for item in try peer.receiveMessage(ancillaryCapacity: AncillaryData.space(1024)).ancillary {
///         if let info = item.packetInfo { ... }
///     }
///
/// The static functions make items to send; the properties read items that were received, and those to send alike.
///
/// C: `minato_control_append_descriptors` and so on. Python: the tuples of `sendmsg` and `recvmsg`. See cmsg(3), unix(7).
public struct AncillaryData: Sendable {
    enum Content: Sendable {
        case descriptors([Int32])
        case receivedDescriptors([ReceivedDescriptor])
        case credentials(ProcessCredentials)
        case packetInfo(PacketInfo)
        case segmentSize(UInt16)
        case raw(level: Int32, type: Int32, bytes: [UInt8])
    }

    let content: Content

    /// Whether the end of the item was, or may have been, cut off because the memory for ancillary data was too small: true
    /// for descriptors and raw items that fill it to the end when ``ReceivedMessage/isAncillaryTruncated`` holds.
    ///
    /// Credentials and packet info are whole or come as a raw item.
    public let isTruncated: Bool

    init(_ content: Content, isTruncated: Bool = false) {
        self.content = content
        self.isTruncated = isTruncated
    }
}

// MARK: - To send

extension AncillaryData {
    /// Descriptors to pass to the process at the other end of a Unix socket (SCM_RIGHTS): 1 to 253.
    ///
    /// The receiver gets copies; these stay the sender's, and can be closed when the message has been sent. On a stream at
    /// least one byte has to go with them.
    public static func descriptors(_ descriptors: [Int32]) -> AncillaryData { AncillaryData(.descriptors(descriptors)) }

    /// Credentials for the receiver of a Unix socket that has set `SocketOption.passCredentials` (SCM_CREDENTIALS).
    ///
    /// A receiver that has set it gets the sender's own without this. Naming others takes a privileged process.
    public static func credentials(_ credentials: ProcessCredentials) -> AncillaryData {
        AncillaryData(.credentials(credentials))
    }

    /// Where an IP datagram shall leave from (IP_PKTINFO, IPV6_PKTINFO).
    public static func packetInfo(_ info: PacketInfo) -> AncillaryData { AncillaryData(.packetInfo(info)) }

    /// The size in bytes in which the kernel shall cut the message into datagrams (UDP_SEGMENT). See udp(7).
    public static func segmentSize(_ bytes: UInt16) -> AncillaryData { AncillaryData(.segmentSize(bytes)) }

    /// Any other item, by the kernel's numbers and bytes.
    public static func raw(level: Int32, type: Int32, bytes: [UInt8]) -> AncillaryData {
        AncillaryData(.raw(level: level, type: type, bytes: bytes))
    }
}

// MARK: - Received

extension AncillaryData {
    /// The descriptors that were passed, empty for another item. Those that nobody takes are closed.
    public var receivedDescriptors: [ReceivedDescriptor] {
        if case .receivedDescriptors(let descriptors) = content { descriptors } else { [] }
    }

    /// The credentials, nil for another item.
    public var credentials: ProcessCredentials? {
        if case .credentials(let credentials) = content { credentials } else { nil }
    }

    /// Which local address and interface the datagram came to, nil for another item.
    public var packetInfo: PacketInfo? {
        if case .packetInfo(let info) = content { info } else { nil }
    }

    /// The number of an item whose payload is one of 1, 2 or 4 bytes: IP_TTL, UDP_GRO, SO_RXQ_OVFL; nil for another item.
    ///
    /// C: `minato_control_integer`.
    public var integer: Int? {
        guard case .raw(let level, let type, let bytes) = content, !isTruncated else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            var item = unsafe minato_control_item(
                level: level, type: type, data: bytes.baseAddress, length: bytes.count, truncated: 0)
            var value: Int32 = 0
            return unsafe minato_control_integer(&item, &value) < 0 ? nil : Int(value)
        }
    }

    /// The kernel's level, type and payload of an item that none of the other properties is for; nil for those.
    public var raw: (level: Int32, type: Int32, bytes: [UInt8])? {
        if case .raw(let level, let type, let bytes) = content { (level, type, bytes) } else { nil }
    }
}

// MARK: - Room

extension AncillaryData {
    /// Bytes of memory that an item of so many bytes takes, padding included; 0 for a negative number.
    ///
    /// The sum over the items that are expected is the capacity to receive with. A number above 2 GiB, which no kernel takes,
    /// gives `Int.max`.
    ///
    /// C: `minato_control_space`. Python: `socket.CMSG_SPACE`. See cmsg(3).
    public static func space(_ payload: Int) -> Int {
        if payload < 0 { return 0 }
        let space = minato_control_space(payload)
        return space < 0 ? .max : Int(space)
    }

    /// Bytes of memory that such an item takes without the padding behind it; as ``space(_:)`` else.
    ///
    /// C: `minato_control_length`. Python: `socket.CMSG_LEN`. See cmsg(3).
    public static func length(_ payload: Int) -> Int {
        if payload < 0 { return 0 }
        let length = minato_control_length(payload)
        return length < 0 ? .max : Int(length)
    }
}
