import Deflate

/// `permessage-deflate` (RFC 7692) as a handshake agreed on it. No message leans on one before it, in either direction: so
/// a connection keeps no memory for it, and what many are told is compressed once.
package struct DeflateAgreement: Equatable {
    /// The client has asked how far back the server points.
    private let tellsWindow: Bool

    /// The first offer that can be accepted; `nil` where there is none.
    /// - Parameter offers: the values of `Sec-WebSocket-Extensions`.
    package init?(offers: [String]) {
        let all = offers.prefix(Self.most).flatMap { $0.utf8.split(separator: UInt8(ascii: ","), maxSplits: Self.most) }
        for offer in all.prefix(Self.most) {
            if let tellsWindow = Self.accepts(offer) {
                self.tellsWindow = tellsWindow
                return
            }
        }
        return nil
    }

    /// The value of `Sec-WebSocket-Extensions` in the response.
    package var header: String {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            + (tellsWindow ? "; server_max_window_bits=\(Deflater.windowBits)" : "")
    }

    /// A browser makes one offer; those behind so many are not looked at.
    package static let most = 16
    /// In bytes. What has a meaning is shorter.
    private static let longest = 256

    /// - Returns: whether the offer has `server_max_window_bits`; `nil` for one that is declined.
    private static func accepts(_ offer: Substring.UTF8View) -> Bool? {
        // As texts, thousands of combining marks would take as many milliseconds to compare.
        guard offer.count <= longest, offer.allSatisfy({ $0 < 0x80 }) else { return nil }
        let parts = offer.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { trimmed($0) }
        guard parts.first == "permessage-deflate", parts.count <= 5 else { return nil }
        var seen: Set<String> = []
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard seen.insert(pair[0]).inserted else { return nil }
            let bits = pair.count == 2 ? windowBits(pair[1]) : nil
            switch pair[0] {
            case "server_no_context_takeover", "client_no_context_takeover": guard pair.count == 1 else { return nil }
            case "client_max_window_bits": guard pair.count == 1 || bits != nil else { return nil }
            case "server_max_window_bits": guard let bits, bits >= Deflater.windowBits else { return nil }
            default: return nil
            }
        }
        return seen.contains("server_max_window_bits")
    }

    private static func windowBits(_ text: String) -> Int? {
        let bare =
            text.hasPrefix("\"") && text.hasSuffix("\"") && text.utf8.count > 2
            ? String(text.dropFirst().dropLast()) : text
        guard let bits = Int(bare), 8...15 ~= bits, String(bits) == bare else { return nil }
        return bits
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var rest = text
        while let first = rest.first, first == 32 || first == 9 { rest = rest.dropFirst() }
        while let last = rest.last, last == 32 || last == 9 { rest = rest.dropLast() }
        return String(Substring(rest))
    }
}
