import Testing

@testable import MinatoServer

/// Answers that are a part of their question are sent from where it was received.
@Suite("Output that is a part of the input")
struct ResponderOutputTests {
    /// What a responder does with its output. The input is 0, 1, 2 ... 99.
    enum Step {
        case part(Range<Int>)
        case text(String)
        case byte(UInt8)
        case none
        case reserve(Int)
        case clear
    }

    static let cases: [(steps: [Step], bytes: [UInt8], isInPlace: Bool)] = [
        ([.part(0..<100)], Array(0..<100), true),
        ([.part(99..<100)], [99], true),
        ([.part(5..<8), .clear], [], true),
        ([.none, .part(5..<8)], [5, 6, 7], true),
        // The end of the input and beyond is not its own.
        ([.part(100..<100)], [], false),
        ([.part(5..<8), .part(8..<9)], [5, 6, 7, 8], false),
        ([.part(5..<8), .part(0..<1)], [5, 6, 7, 0], false),
        ([.part(5..<8), .byte(1)], [5, 6, 7, 1], false),
        ([.part(5..<8), .text("a")], [5, 6, 7, 97], false),
        ([.part(5..<8), .none], [5, 6, 7], false),
        ([.part(5..<8), .reserve(1)], [5, 6, 7], false),
        ([.reserve(-1), .part(5..<8), .reserve(0), .reserve(.min)], [5, 6, 7], true),
        ([.part(5..<8), .reserve(.max), .byte(1)], [5, 6, 7, 1], false),
        (
            [.part(0..<10), .text(String(repeating: "a", count: 40))], Array(0..<10) + Array(repeating: 97, count: 40),
            false
        ),
        ([.byte(1), .part(5..<8)], [1, 5, 6, 7], false),
        ([.text("a"), .clear, .part(5..<8)], [5, 6, 7], true),
        ([.part(5..<8), .clear, .byte(1)], [1], false),
        ([.part(5..<8), .byte(1), .clear, .part(6..<7)], [6], true),
        ([.part(5..<8), .clear, .part(6..<7), .clear, .text("ab")], [97, 98], false),
    ]

    @Test("It is sent from there, until something else is appended", arguments: cases.indices)
    func inPlace(index: Int) {
        let (steps, bytes, isInPlace) = Self.cases[index]
        // With room for less than some of the answers.
        var output = ResponderOutput(capacity: 16, input: 100)
        for place in 0..<100 { unsafe output.input.storeBytes(of: UInt8(place), toByteOffset: place, as: UInt8.self) }
        for step in steps {
            switch step {
            case .part(let range):
                let part = unsafe UnsafeRawBufferPointer(start: output.input + range.lowerBound, count: range.count)
                unsafe output.append(part.assumingMemoryBound(to: UInt8.self).span)
            case .text(let text): output.append(text)
            case .byte(let byte): output.append(byte)
            case .none: output.append([])
            case .reserve(let count): output.reserve(count)
            case .clear: output.removeAll(keeping: 16)
            }
        }
        let input = unsafe UnsafeRawPointer(output.input)
        let isThere = unsafe output.withBytes { start, count in unsafe start >= input && start + count <= input + 100 }
        let copy = output.bytes
        #expect(copy == bytes)
        #expect(isThere == isInPlace)
        // What is there is not changed by anything.
        let rest = unsafe [UInt8](UnsafeRawBufferPointer(start: output.input, count: 100))
        #expect(rest == Array(0..<100))
    }
}
