import Core
import Crypto

/// A request that came with an idempotency key: the name that it is kept under, the hash that it is known by, and what is
/// to be done with it.
///
/// Whoever is not signed in has no name to keep keys under: there the request itself is the name, so that no stranger meets
/// a key of another, or learns that there is one.
struct IdempotentRequest: Sendable {
    /// What is stored under the request's name.
    struct Stored: Sendable {
        let hash: [UInt8]
        /// Sealed, for it may hold tokens.
        let response: [UInt8]
    }

    enum Decision: Sendable, Equatable {
        case run
        /// It was done before: this was its response.
        case replay(StoredResponse)
        /// The key came with another request before.
        case conflict
        /// The same key is under way.
        case running
    }

    let user: ID
    let route: String
    let key: String
    /// A keyed hash, for a request may hold a password; bound to the name, so that a row is of no use under another.
    let hash: [UInt8]
    private let unboundHash: [UInt8]

    /// - Parameter user: `ID.zero` for a caller who is not signed in.
    init(user: ID, route: String, key: String, request: [UInt8], hashKey: [UInt8]) {
        unboundHash = Crypto.hmacSHA256(key: hashKey, request)
        self.user = user
        self.route = user == .zero ? "\(route) \(Base64URL.encode(unboundHash.prefix(16)))" : route
        self.key = key
        // Neither a route nor a key has a line feed.
        hash = Crypto.hmacSHA256(key: hashKey, Array("\(user)\n\(self.route)\n\(key)\n".utf8) + unboundHash)
    }

    /// Whether this request was the one that is stored.
    func isThis(_ stored: Stored) -> Bool { stored.hash == hash || stored.hash == unboundHash }

    /// - Parameters:
    ///   - isAlone: no other request of this name is under way.
    ///   - stored: what is still honoured.
    func decide(isAlone: Bool, stored: Stored?, box: SealedBox) -> Decision {
        guard isAlone else { return .running }
        guard let stored else { return .run }
        // A version before has bound neither the hash nor the response to the row.
        let isBound = stored.hash == hash
        guard isBound || stored.hash == unboundHash,
            let answer = box.open(stored.response, for: isBound ? hash : []).flatMap(StoredResponse.init)
        else { return .conflict }
        return .replay(answer)
    }

    /// What is to be stored of an answer.
    func stored(_ answer: StoredResponse, box: SealedBox) -> Stored {
        Stored(hash: hash, response: box.seal(answer.encoded, for: hash))
    }
}
