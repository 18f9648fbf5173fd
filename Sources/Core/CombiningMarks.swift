extension String {
    /// At most 128 combining marks follow one another. Every text from outside must be so.
    ///
    /// Swift compares and hashes strings in their normal form, for which it sorts the marks of a character by insertion:
    /// one key of 64 KB that is nothing but marks takes seconds. No writing needs more than a few.
    public var hasFewMarks: Bool {
        // The first mark is U+0300: CC 80.
        guard utf8.contains(where: { $0 >= 0xCC }) else { return true }
        var row = 0
        for scalar in unicodeScalars {
            row = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : row + 1
            guard row <= 128 else { return false }
        }
        return true
    }
}
