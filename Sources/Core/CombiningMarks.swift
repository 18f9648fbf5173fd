extension String {
    /// At most 128 combining marks follow one another, as it must be for a text that others are to see or that is compared:
    /// see `ExactText`. No writing needs more than a few.
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
