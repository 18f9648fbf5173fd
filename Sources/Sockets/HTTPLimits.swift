/// How large the parts of a request may be. Sizes are in bytes.
package struct HTTPLimits: Sendable {
    package var method = 32
    package var target = 8192
    /// The header section, and how many fields it may have.
    package var headers = 16_384
    package var fields = 100
    /// How many pairs a query may have.
    package var parameters = 64
    package var body = 262_144

    package init() {}
}
