extension String {
    /// At most 128 combining marks follow one another, as it must be for a text that others are to see or that is compared:
    /// see `ExactText`. No writing needs more than a few.
    public var hasFewMarks: Bool { hasFewMarks(128) }

    /// At most so many combining marks follow one another.
    public func hasFewMarks(_ most: Int) -> Bool {
        // The first mark is U+0300: CC 80. A row needs as many characters of two bytes or more.
        guard utf8.count > 2 * most, utf8.contains(where: { $0 >= 0xCC }) else { return true }
        var row = 0
        for scalar in unicodeScalars {
            row = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : row + 1
            guard row <= most else { return false }
        }
        return true
    }
}
