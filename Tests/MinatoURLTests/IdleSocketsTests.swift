import MinatoSocket
import Testing

@testable import MinatoURL

/// Which idle connections a loop looks at.
struct IdleSocketsTests {
    /// Whatever becomes idle and is used again in whatever order: each is looked at once in a turn, or once more when it has been used
    /// in between.
    @Test func eachIsLookedAtOnceInATurn() throws {
        let loop = CurlLoop(on: try EventLoop())
        let sources = (0..<6).map { CurlSocket(Int32($0), on: loop) }
        var generator = SeededGenerator(seed: 1)
        var idle = IdleSockets()
        var (isIdle, isSeen): (Set<Int32>, Set<Int32>) = ([], [])
        var turn: Int64 = 1
        for _ in 0..<5000 {
            let source = sources[Int.random(in: 0..<6, using: &generator)]
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                idle.insert(source)
                isIdle.insert(source.socket)
                isSeen.remove(source.socket)
            case 1:
                idle.remove(source)
                isIdle.remove(source.socket)
            default:
                if Bool.random(using: &generator) { (turn, isSeen) = (turn + 1, []) }
                let used = source.socket
                var looked: [Int32] = []
                idle.look(at: turn) { source in
                    looked.append(source.socket)
                    return source.socket != used
                }
                #expect(looked.sorted() == isIdle.subtracting(isSeen).sorted())
                isSeen.formUnion(looked)
                if looked.contains(used) { isIdle.remove(used) }
            }
            #expect(sources.allSatisfy { ($0.idlePlace >= 0) == isIdle.contains($0.socket) })
        }
    }
}
