import Glibc

/// Bytes in which each position can be told from the others near it. Eight at a time, for a build without optimisation.
public func pattern(_ count: Int) -> [UInt8] {
    let words = (0..<UInt64(count + 7) / 8).map { ($0 &+ 1) &* 0x9e37_79b9_7f4a_7c15 }
    return unsafe words.withUnsafeBytes { bytes in unsafe Array(bytes.prefix(count)) }
}

/// As `==`, which goes byte by byte in a build without optimisation.
public func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return unsafe memcmp(first, second, left.count) == 0
        }
    }
}
