import Glibc
import TestSupport

/// A network with nothing in it but the loopback device, and an /etc/resolv.conf of one's own: for root only.
enum OwnNetwork {
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    /// Moves the calling thread there, and the threads that it starts from then on.
    static func enter(resolvConf path: String) throws {
        // sched.h has it for _GNU_SOURCE only.
        guard let symbol = unsafe dlsym(nil, "unshare") else { throw Failure(call: "dlsym", code: 0) }
        let unshare = unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
        let (newMounts, newNetwork): (Int32, Int32) = (0x2_0000, 0x4000_0000)
        try check("unshare", unshare(newMounts | newNetwork))
        let (bind, recursive, isPrivate): (UInt, UInt, UInt) = (0x1000, 0x4000, 0x4_0000)
        try check("mount", unsafe mount("none", "/", nil, recursive | isPrivate, nil))
        try check("mount", unsafe mount(path, "/etc/resolv.conf", nil, bind, nil))
        try setLoopbackUp()
    }

    private static func setLoopbackUp() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        // struct ifreq: the name in 16 bytes, then the flags; netdevice(7).
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<2, with: "lo".utf8)
        request[16] = UInt8(truncatingIfNeeded: IFF_UP)
        try check(
            "ioctl",
            unsafe request.withUnsafeMutableBytes { unsafe ioctl(descriptor, 0x8914, $0.baseAddress.unsafelyUnwrapped) }
        )
    }

    private static func check(_ call: String, _ result: Int32) throws {
        if result != 0 { throw Failure(call: call, code: errno) }
    }
}
