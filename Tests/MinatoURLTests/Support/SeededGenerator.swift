/// Numbers that look random and are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Up to so many of these pieces one after another.
    mutating func text(of pieces: [String], upTo count: Int) -> String {
        (0..<Int.random(in: 0...count, using: &self)).reduce(into: "") { text, _ in
            text += pieces[Int.random(in: 0..<pieces.count, using: &self)]
        }
    }

    /// Any scalars, the rare and the harmful more often than their share.
    mutating func anyText(upTo count: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...count, using: &self) {
            let ceiling = [0x80, 0x80, 0x100, 0x3000, 0x11_0000][Int.random(in: 0..<5, using: &self)]
            // A surrogate is none: then there is one scalar less.
            if let scalar = Unicode.Scalar(UInt32(Int.random(in: 0..<ceiling, using: &self))) { text.append(scalar) }
        }
        return String(text)
    }
}
