/// The memory of the last large piece that a connection of the loop has let go, for the next one of any of them: getting it
/// anew, and giving it back, costs a twentieth of an echo of 16 KiB.
///
/// **Threads.** The loop's only.
@safe
package final class SparePiece {
    @exclusivity(unchecked) private var piece: [UInt8] = []

    /// Keeps a piece, in place of the one before. Somebody else may have it too, who sees no change of it.
    package func keep(_ piece: [UInt8]) { unsafe self.piece = piece }

    /// An empty array, with memory for `size` bytes and not much more, or with none.
    package func take(_ size: Int) -> [UInt8] {
        var piece: [UInt8] = []
        unsafe swap(&piece, &self.piece)
        guard piece.capacity >= size, piece.capacity <= 4 * size else { return [] }
        // New memory when somebody has kept the piece.
        piece.removeAll(keepingCapacity: true)
        return piece
    }
}
