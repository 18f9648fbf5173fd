public import Store

/// Public keys that the site has signed with, so that what was signed can be checked when their secret has long gone.
public struct PublicKeys: Sendable {
    /// That are shown; a site that rotates once a month has so many after eight years.
    private static let most: Int64 = 100

    private let database: Database
    private let purpose: String

    /// - Parameter purpose: what they sign.
    public init(_ database: Database, of purpose: String) { (self.database, self.purpose) = (database, purpose) }

    /// From now on everybody is shown the key.
    public func publish(_ key: [UInt8]) async throws {
        try await database.query(
            "INSERT INTO public_keys (purpose, key) VALUES (\(purpose), \(key)) ON CONFLICT DO NOTHING")
    }

    /// Newest first.
    public func all() async throws -> [[UInt8]] {
        try await database.query(
            "SELECT key FROM public_keys WHERE purpose = \(purpose) ORDER BY made_at DESC, key LIMIT \(Self.most)"
        ).map { try $0.bytes("key") }
    }
}
