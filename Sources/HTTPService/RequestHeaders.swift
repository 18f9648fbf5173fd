import Core
public import Sockets

/// The header fields that mean the same on every route, each read in one place.
extension HTTPRequest {
    /// The token of `Authorization: Bearer` (RFC 6750 and RFC 9110, section 11.4: the scheme in any case, then spaces);
    /// `nil` where nothing is shown.
    public func bearerToken() throws(Problem) -> String? {
        guard let header = headers.first("authorization") else { return nil }
        guard headers.only("authorization") != nil else {
            throw Problem(.invalidField, "Authorization is given twice", field: "Authorization")
        }
        let space = UInt8(ascii: " ")
        let end = header.utf8.firstIndex(of: space) ?? header.endIndex
        let token = header[end...].utf8.drop { $0 == space }
        guard header[..<end].equalsIgnoringCase("bearer"), !token.isEmpty else {
            throw Problem(.unauthenticated, "the authorization must be of the kind Bearer")
        }
        return String(Substring(token))
    }

    /// Does the caller have this version already? By weak comparison (RFC 9110, section 13.1.2), for a proxy that
    /// compresses makes a tag weak.
    /// - Parameter tag: an entity tag, with or without `W/`.
    public func has(tag: String) -> Bool {
        func opaque(_ tag: some StringProtocol) -> Substring {
            tag.hasPrefix("W/") ? Substring(tag.dropFirst(2)) : Substring(tag)
        }
        return headers.list("if-none-match").contains { $0 == "*" || opaque($0) == opaque(tag) }
    }

    /// Refuses a change of a document that is not as the caller has seen it. By strong comparison (RFC 9110, section 13.1.1), but that a
    /// proxy which compresses may have made the tag weak.
    /// - Parameter tag: of what is there now.
    public func checkMatch(_ tag: String) throws(Problem) {
        let given = headers.list("if-match")
        guard !given.isEmpty else {
            throw Problem(.missingField, "If-Match must say which version is to be changed", field: "If-Match")
        }
        guard given.contains(where: { $0 == "*" || $0.isExactly(tag) || $0.isExactly("W/" + tag) }) else {
            throw Problem(
                .versionConflict, "it was changed meanwhile: read it anew", field: "If-Match", etag: tag)
        }
    }

    /// The value of a parameter of the query.
    func parameter(_ name: String) -> String? {
        query.first { $0.name.isExactly(name) }?.value
    }

    /// A name that is not known here, or one that is given twice, is an error.
    func checkParameters(_ known: [String]) throws(Problem) {
        for (index, (name, _)) in query.enumerated() {
            guard let name = known.first(where: { $0.isExactly(name) }) else {
                let name = name.harmlessName
                throw Problem(.unknownParameter, "there is no parameter \(name) here", field: name)
            }
            guard !query[..<index].contains(where: { $0.name.isExactly(name) }) else {
                throw Problem(.invalidField, "the parameter \(name) is given twice", field: name)
            }
        }
    }

    /// As the client gave it, or a new one.
    public var requestID: String {
        if let given = headers.only("x-request-id"), RequestID.accepts(given) { return given }
        return .newRequestID
    }

    /// The caller's key for a write, checked.
    func idempotencyKey() throws(Problem) -> String? {
        guard headers.first("idempotency-key") != nil else { return nil }
        guard let key = headers.only("idempotency-key") else {
            throw Problem(.invalidField, "Idempotency-Key is given twice", field: "Idempotency-Key")
        }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw Problem(.invalidField, "1 to 128 visible ASCII characters", field: "Idempotency-Key")
        }
        return key
    }

    /// Refuses a body that is not what its bytes say: one that was compressed, or a part of one.
    func checkBodyIsPlain() throws(Problem) {
        guard !body.isEmpty else { return }
        guard headers.list("content-encoding").allSatisfy({ $0.equalsIgnoringCase("identity") }) else {
            throw Problem(.unsupportedMediaType, "a body is taken without a content coding", field: "Content-Encoding")
        }
        guard headers.first("content-range") == nil else {
            throw Problem(.invalidField, "a body is taken as a whole only", field: "Content-Range")
        }
    }

    /// Refuses a body that is said to be anything but JSON in UTF-8.
    func checkBodyIsJSON() throws(Problem) {
        let type = headers.only("content-type") ?? ""
        let parts = type.split(separator: ";", omittingEmptySubsequences: false).map { part in
            part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
        }
        guard parts.first == "application/json", parts.dropFirst().allSatisfy({ $0 == "charset=utf-8" }) else {
            throw Problem(.unsupportedMediaType, "the content type must be application/json", field: "Content-Type")
        }
    }
}

extension String {
    /// 64 random bits; the first is set, so that its length is always the same.
    static var newRequestID: String {
        var generator = SystemRandomNumberGenerator()
        return String(generator.next() as UInt64 | 1 << 63, radix: 16)
    }
}
