extension StringProtocol {
    /// The same, but for the case of ASCII letters: as names in HTTP are compared.
    @inlinable
    public func equalsIgnoringCase(_ other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8) { lowercaseOfASCII($0) == lowercaseOfASCII($1) }
    }
}

@inlinable
func lowercaseOfASCII(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 32 : byte }
