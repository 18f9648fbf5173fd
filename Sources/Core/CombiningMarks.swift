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
            row = CombiningMarks.contain(scalar) ? row + 1 : 0
            guard row <= most else { return false }
        }
        return true
    }
}

/// Which scalars are sorted in a normal form. To ask Unicode's tables takes 60 ns each, too long for a text of thousands.
private enum CombiningMarks {
    /// Above are none.
    private static let end: UInt32 = 0x20000

    /// A bit for each scalar.
    private static let table: [UInt64] = {
        var table = [UInt64](repeating: 0, count: Int(end) / 64)
        for value in 0..<end {
            guard let scalar = Unicode.Scalar(value), scalar.properties.canonicalCombiningClass != .notReordered else {
                continue
            }
            table[Int(value) / 64] |= 1 << UInt64(value % 64)
        }
        return table
    }()

    static func contain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < end && table[Int(scalar.value) / 64] >> UInt64(scalar.value % 64) & 1 == 1
    }
}
