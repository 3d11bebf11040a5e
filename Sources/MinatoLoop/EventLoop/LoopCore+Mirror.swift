/// Dumped without its inside, which the loop's thread changes meanwhile.
extension LoopCore: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: []) }
}
