import Core

/// The target of a request line, read strictly.
package struct RequestTarget {
    package var text: String
    package var path: String
    package var query: [(name: String, value: String)] = []

    package init(_ bytes: ArraySlice<UInt8>, method: String, queryLimit: Int) throws(HTTPRequestError) {
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 35 }) else {
            throw HTTPRequestError(.badRequest, "The request target has a character that must be escaped.")
        }
        if bytes.elementsEqual([42]) && method == "OPTIONS" {
            text = "*"
            path = "*"
            return
        }
        let origin = try Self.originForm(bytes)
        text = String(decoding: origin, as: UTF8.self)
        let mark = origin.firstIndex(of: 63)
        path = try Self.decodePath(origin[..<(mark ?? origin.endIndex)])
        if let mark {
            query = try Self.decodeQuery(origin[origin.index(after: mark)...], limit: queryLimit)
        }
    }

    /// Strips `http://authority`. The authority is not looked at: like `Host`, it decides nothing here.
    private static func originForm(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestError) -> ArraySlice<UInt8> {
        if bytes.first == 47 { return bytes }
        for scheme in ["http://", "https://"] {
            let length = scheme.utf8.count
            guard bytes.count > length,
                bytes.prefix(length).elementsEqual(scheme.utf8, by: { lowercase($0) == $1 })
            else { continue }
            let rest = bytes.dropFirst(length)
            let end = rest.firstIndex { $0 == 47 || $0 == 63 } ?? rest.endIndex
            guard end > rest.startIndex else { break }
            return rest.dropFirst(end - rest.startIndex).first == 47 ? rest[end...] : [47] + rest[end...]
        }
        throw HTTPRequestError(.badRequest, "The request target is neither a path nor an http URL.")
    }

    private static func decodePath(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestError) -> String {
        guard let decoded = decode(bytes, plusIsSpace: false), !decoded.contains(where: { $0 < 0x20 || $0 == 0x7F }),
            decoded.count(of: 47) == bytes.count(of: 47), let path = String(validating: decoded, as: UTF8.self),
            path.hasFewMarks(16)
        else {
            throw HTTPRequestError(.badRequest, "The path has an escape that is not allowed, or is not UTF-8.")
        }
        return path
    }

    private static func decodeQuery(
        _ bytes: ArraySlice<UInt8>, limit: Int
    ) throws(HTTPRequestError) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest[..<(rest.firstIndex(of: 38) ?? rest.endIndex)]
            rest = rest[piece.endIndex...].dropFirst()
            if piece.isEmpty { continue }
            guard pairs.count < limit else {
                throw HTTPRequestError(.badRequest, "The query has more than \(limit) parameters.")
            }
            let equals = piece.firstIndex(of: 61) ?? piece.endIndex
            guard let name = decodeText(piece[..<equals]), let value = decodeText(piece[equals...].dropFirst()) else {
                throw HTTPRequestError(.badRequest, "The query has an escape that is not allowed, or is not UTF-8.")
            }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func decodeText(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let decoded = decode(bytes, plusIsSpace: true), !decoded.contains(0),
            let text = String(validating: decoded, as: UTF8.self)
        else { return nil }
        return text
    }

    /// `nil` for an escape without two hexadecimal digits.
    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            if byte == 43 && plusIsSpace {
                decoded.append(32)
            } else if byte != 37 {
                decoded.append(byte)
            } else {
                guard bytes.endIndex - index >= 2, let high = hexValue(bytes[index]),
                    let low = hexValue(bytes[index + 1])
                else { return nil }
                decoded.append(high << 4 | low)
                index += 2
            }
        }
        return decoded
    }
}

extension Collection where Element == UInt8 {
    fileprivate func count(of byte: UInt8) -> Int {
        reduce(0) { $1 == byte ? $0 + 1 : $0 }
    }
}

func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

/// A character of a token (RFC 9110, section 5.6.2): methods, header names, subprotocols.
func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 94...122, 33, 35...39, 42, 43, 45, 46, 124, 126: true
    default: false
    }
}

/// A byte of a header value: visible characters, space, tab, and what is above ASCII.
func isFieldText(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F || byte == 9
}
