import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

/// The table of what errors mean, column by column: what is not listed here has none of the meanings.
@Suite("What an error means for the next try", .watchdog)
struct SocketErrorOutlookTests {
    private static let all: [Int32] = Array(1...133) + [4095]

    private func codes(_ has: (SocketError.Code) -> Bool) -> Set<Int32> { Set(Self.all.filter { has(.init($0)) }) }

    @Test("Taking a connection or datagram: one peer is lost, the listener is, or it is tried again after a pause")
    func taking() {
        let onePeer: Set<Int32> = [
            EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EMSGSIZE, ENETDOWN, ENETUNREACH,
            ENONET, ENOPROTOOPT, EOPNOTSUPP, EPERM, EPROTO, ETIMEDOUT,
        ]
        #expect(codes { $0.outlook == .goOn } == onePeer)
        #expect(codes { $0.outlook == .end } == [EBADF, EINVAL, ENOTSOCK])
        #expect(codes { $0.outlook == .pause }.isSuperset(of: [EMFILE, ENFILE, ENOBUFS, ENOMEM, EFAULT]))
    }

    @Test("Reports about earlier datagrams")
    func earlierDatagrams() {
        let reports: Set<Int32> = [
            EACCES, ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EMSGSIZE, ENETDOWN, ENETUNREACH, ENONET,
            ENOPROTOOPT, EOPNOTSUPP, EPROTO,
        ]
        #expect(codes(\.isOfEarlierDatagram) == reports)
    }

    @Test("Sends that are tried again, messages that are sent in pieces, waits that are begun again")
    func sendingAndWaiting() {
        #expect(codes(\.isToBeSentAgain) == [EAGAIN, EINTR, ENOBUFS, ENOMEM])
        #expect(codes(\.refusesPieces) == [EINVAL, EIO, EMSGSIZE, EOPNOTSUPP])
        #expect(codes(\.isToBeAwaitedAgain) == [EINTR, ENOMEM])
    }

    @Test("Numbers of other domains are no errno")
    func domains() {
        for domain in [SocketError.Code.Domain.resolver, .library] {
            let code = SocketError.Code(domain, EBADF)
            #expect(code.outlook == .pause)
            #expect(!SocketError.Code(domain, EAGAIN).isToBeSentAgain && !SocketError.Code(domain, EIO).refusesPieces)
        }
    }
}
