/// How far a download is, shown on a terminal ten times a second at most.
struct Progress {
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var total = 0

    init(isShown: Bool) { self.isShown = isShown }

    mutating func add(_ count: Int) {
        total += count
        guard isShown, last.duration(to: .now) > .milliseconds(100) else { return }
        last = .now
        show()
    }

    func end() {
        guard isShown else { return }
        show()
        Terminal.showProgress(text + "\n")
    }

    private func show() { Terminal.showProgress(text) }

    private var text: String {
        let seconds = start.duration(to: .now) / .seconds(1)
        let rate = seconds > 0 ? Int(Double(total) / seconds / 1024) : 0
        return "\(total) bytes, \(rate) KiB/s"
    }
}
