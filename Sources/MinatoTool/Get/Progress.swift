import Minato

/// How far a download is: over one line of a terminal ten times a second at most, elsewhere a line a second at most.
struct Progress {
    private let isShown: Bool
    private let overwrites: Bool
    private let start = ContinuousClock.now
    private var last: ContinuousClock.Instant?
    private var count = 0
    private var resumedAt = 0
    private var total: Int?
    /// The count that was shown last.
    private var shown: Int?

    /// - Parameter isWanted: Whether it is shown where there is no terminal, too.
    init(isWanted: Bool, isShown: Bool) {
        overwrites = Terminal.hasTerminal
        self.isShown = isWanted || isShown && overwrites
    }

    /// There are so many bytes now, of so many, and so many of them from before.
    mutating func set(_ count: Int, of total: Int?, resumedAt: Int = 0) {
        (self.count, self.total, self.resumedAt) = (count, total, resumedAt)
        let interval = overwrites ? Duration.milliseconds(100) : .seconds(1)
        guard isShown, last.map({ $0.duration(to: .now) > interval }) ?? true else { return }
        last = .now
        shown = count
        show()
    }

    /// Nothing more comes. Nothing is shown if nothing came at all.
    func end() {
        guard isShown, last != nil else { return }
        if overwrites || shown != count { show() }
        if overwrites { Terminal.showProgress(text + "\n") }
    }

    private func show() {
        if overwrites { Terminal.showProgress(text) } else { Terminal.complain(text) }
    }

    private var text: String {
        let seconds = start.duration(to: .now) / .seconds(1)
        let rate = seconds > 0 ? Int(Double(count - resumedAt) / seconds / 1024) : 0
        let share = total.map { " of \($0) bytes (\($0 > 0 ? Int(100 * (Double(count) / Double($0))) : 100) %)" }
        return "\(count)\(share ?? " bytes"), \(rate) KiB/s"
    }
}
