import TestSupport
import Testing

@testable import MinatoSocket

/// What a channel's state has to be, written down flag by flag.
private struct Model: Hashable {
    struct Way: Hashable {
        var isBusy = false
        var isReady = false
        var isWaiting = false
        var isOwn = false
        var isTimed = false
    }

    var ways = [Way(), Way()]
    var isCancelled = false
    var isClosed = false
    var isRegistered = true
    var isReleased = false
    var guests = 0

    /// Whether the descriptor has to be closed now.
    mutating func takeRelease() -> Bool {
        let isFree = isClosed && !isRegistered && guests == 0 && !ways.contains(where: \.isBusy)
        guard isFree, !isReleased else { return false }
        isReleased = true
        return true
    }

    mutating func takeWait(_ way: Int) -> Bool {
        defer { ways[way].isWaiting = false }
        return ways[way].isWaiting
    }
}

/// Something that may happen to a channel.
private enum Step: Hashable {
    case begin(Int)
    case finish(Int, isReady: Bool)
    case beginWait(Int, isOwn: Bool)
    case endWait(Int)
    case endEarlierWait(Int)
    case report(readable: Bool, writable: Bool)
    case cancelOwn, forgetCancellation, close, unregister, enter, leave

    static let all: [Step] =
        [0, 1].flatMap { way in
            [
                Step.begin(way), .finish(way, isReady: false), .finish(way, isReady: true),
                .beginWait(way, isOwn: false), .beginWait(way, isOwn: true), .endWait(way), .endEarlierWait(way),
            ]
        } + [
            .report(readable: true, writable: false), .report(readable: false, writable: true),
            .report(readable: true, writable: true), .cancelOwn, .forgetCancellation, .close, .unregister, .enter,
            .leave,
        ]

    /// Whether the users of a channel do it in such a state: an operation that waits does nothing else, for one.
    func isPossible(_ model: Model) -> Bool {
        switch self {
        case .finish(let way, _), .beginWait(let way, _): model.ways[way].isBusy && !model.ways[way].isWaiting
        case .unregister: model.isRegistered && model.isClosed
        case .enter: model.guests < 2
        case .leave: model.guests > 0
        default: true
        }
    }
}

@Suite("The state of a channel", .watchdog, .serialized)
struct ChannelStateTests {
    private typealias Pair = (state: ChannelState, model: Model)

    private func direction(_ way: Int) -> ChannelState.Direction { way == 0 ? .reading : .writing }

    /// Does a step to both, and tells whether they agree on what comes of it.
    private func agree(_ step: Step, _ state: inout ChannelState, _ model: inout Model) -> Bool {
        switch step {
        case .begin(let way):
            let result = state.begin(direction(way))
            if model.isClosed { return result == .closed }
            if model.ways[way].isBusy { return result == .busy }
            let wasReady = model.ways[way].isReady
            model.ways[way].isBusy = true
            model.ways[way].isReady = false
            return result == (model.isCancelled ? .cancelled : wasReady ? .ready : .unready)
        case .finish(let way, let isReady):
            model.ways[way].isBusy = false
            if isReady { model.ways[way].isReady = true }
            return state.finish(direction(way), isReady: isReady) == model.takeRelease()
        case .beginWait(let way, let isOwn):
            let result = state.beginWait(direction(way), isOwn: isOwn, isTimed: isOwn)
            if model.ways[way].isReady || model.isClosed || isOwn && model.isCancelled {
                model.ways[way].isReady = false
                return !result
            }
            model.ways[way].isWaiting = true
            model.ways[way].isOwn = isOwn
            model.ways[way].isTimed = isOwn
            return result
        case .endWait(let way):
            let number = state.wait(direction(way))
            return state.endWait(direction(way), number: number) == model.takeWait(way)
        case .endEarlierWait(let way):
            let number = state.wait(direction(way)) &- 1
            return !state.endWait(direction(way), number: number)
        case .report(let readable, let writable):
            let wakes = state.report(readable: readable, writable: writable, ended: false)
            let expected = ChannelState.Wakes(
                reader: readable && model.takeWait(0), writer: writable && model.takeWait(1))
            if readable, !expected.reader { model.ways[0].isReady = true }
            if writable, !expected.writer { model.ways[1].isReady = true }
            return wakes == expected
        case .cancelOwn:
            model.isCancelled = true
            let expected = ChannelState.Wakes(
                reader: model.ways[0].isOwn && model.takeWait(0), writer: model.ways[1].isOwn && model.takeWait(1))
            return state.cancelOwn() == expected
        case .forgetCancellation:
            model.isCancelled = false
            state.forgetCancellation()
            return true
        case .close:
            let wakes = state.close()
            if model.isClosed { return wakes == nil }
            model.isClosed = true
            return wakes == ChannelState.Wakes(reader: model.takeWait(0), writer: model.takeWait(1))
        case .unregister:
            model.isRegistered = false
            return state.unregister() == model.takeRelease()
        case .enter:
            let result = state.enter()
            if !model.isClosed { model.guests += 1 }
            return result == !model.isClosed
        case .leave:
            model.guests -= 1
            return state.leave() == model.takeRelease()
        }
    }

    private func look(_ state: ChannelState, _ model: Model) -> Bool {
        let ways = [0, 1].allSatisfy { way in
            state.isReady(direction(way)) == model.ways[way].isReady
                && state.isWaiting(direction(way)) == model.ways[way].isWaiting
                && (!model.ways[way].isWaiting || state.isTimed(direction(way)) == model.ways[way].isTimed)
        }
        return ways && state.isClosed == model.isClosed && state.isCancelled == model.isCancelled && !state.hasEnded
    }

    @Test("Every state that can be reached, by whatever steps in whatever order, is what it should be")
    func everything() {
        var start = ChannelState()
        start.register()
        // The numbers of the waits are left out: without them there are finitely many states.
        struct Seen: Hashable {
            let flags: UInt64
            let model: Model
        }
        var seen: Set<Seen> = []
        var open: [Pair] = [(start, Model())]
        var steps = 0
        while let (state, model) = open.popLast() {
            for step in Step.all where step.isPossible(model) {
                var next = (state: state, model: model)
                steps += 1
                guard agree(step, &next.state, &next.model), look(next.state, next.model) else {
                    Issue.record("\(step) in \(model) gave \(next.state) instead of \(next.model)")
                    return
                }
                if seen.insert(Seen(flags: next.state.word & 0xffff_ffff, model: next.model)).inserted {
                    open.append(next)
                }
            }
        }
        #expect(seen.count > 1000)
        #expect(seen.contains { $0.model.isReleased })
    }

    @Test("A hundred thousand random steps: each wait ends once, and the descriptor is released once")
    func random() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var state = ChannelState()
            state.register()
            var model = Model()
            for _ in 0..<1000 {
                guard let step = Step.all.randomElement(using: &random), step.isPossible(model) else { continue }
                // Rarely, so that something happens before.
                if step == .close || step == .unregister, Int.random(in: 0..<100) > 0 { continue }
                guard agree(step, &state, &model), look(state, model) else {
                    Issue.record("\(step): \(state) instead of \(model)")
                    return
                }
            }
            // Whatever was under way ends.
            var last: [Step] = []
            for way in [0, 1] {
                if model.ways[way].isWaiting { last.append(.endWait(way)) }
                if model.ways[way].isBusy { last.append(.finish(way, isReady: false)) }
            }
            last += Array(repeating: .leave, count: model.guests) + [.close]
            if model.isRegistered { last.append(.unregister) }
            for step in last where !agree(step, &state, &model) { Issue.record("\(step): \(state)") }
            #expect(model.isReleased)
        }
    }

    @Test("The number of a wait counts on with each wait of its direction, and only with those")
    func numbers() {
        var state = ChannelState()
        for round in 1...70_000 {
            _ = state.begin(.reading)
            let mayWait = state.beginWait(.reading, isOwn: false, isTimed: false)
            if !mayWait || state.wait(.reading) != UInt16(truncatingIfNeeded: round) || state.wait(.writing) != 0 {
                Issue.record("wait \(state.wait(.reading)) in round \(round)")
                return
            }
            _ = state.report(readable: true, writable: false, ended: false)
            _ = state.finish(.reading, isReady: false)
        }
    }

    @Test("So many guests that their number would overflow are refused")
    func guests() {
        var state = ChannelState()
        for _ in 0..<65_535 where !state.enter() { Issue.record("refused too early") }
        let full = state
        var results = [state.enter()]
        #expect(state == full)
        results.append(state.leave())
        results.append(state.enter())
        #expect(results == [false, false, true])
    }

    @Test("The end of a stream stays known")
    func ended() {
        var state = ChannelState()
        _ = state.report(readable: true, writable: false, ended: true)
        _ = state.begin(.reading)
        _ = state.report(readable: true, writable: true, ended: false)
        #expect(state.hasEnded)
        state = ChannelState()
        state.putEnded()
        #expect(state.hasEnded)
    }
}
