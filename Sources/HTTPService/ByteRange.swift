import Core
public import Sockets

/// The part of a body that a request asks for (RFC 9110, section 14). Of more than one range, or of what is no range, the whole
/// body is given.
public enum ByteRange: Sendable, Equatable {
    case whole
    case part(Range<Int>)
    /// Nothing of the body is in it.
    case unsatisfiable

    /// - Parameters:
    ///   - length: of the body, in bytes.
    ///   - etag: of the body; what an `If-Range` must name.
    public init(of request: HTTPRequest, length: Int, etag: String) {
        guard let text = request.headers.only("range"),
            request.headers.only("if-range").map({ $0.isExactly(etag) }) ?? true
        else {
            self = .whole
            return
        }
        self.init(text, length: length)
    }

    /// - Parameter text: `bytes=0-99`, `bytes=100-`, `bytes=-100`.
    init(_ text: String, length: Int) {
        self = .whole
        let unit = "bytes="
        guard text.utf8.count <= 64, text.lowercased().hasPrefix(unit) else { return }
        let ends = text.dropFirst(unit.count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return }
        let (first, last) = (Int(ends[0]), Int(ends[1]))
        switch (first, last) {
        case (let first?, let last?) where first <= last:
            self = first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
        case (let first?, nil) where ends[1].isEmpty: self = first < length ? .part(first..<length) : .unsatisfiable
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && length > 0 ? .part(max(0, length - count)..<length) : .unsatisfiable
        default: break
        }
    }
}

extension HeaderField {
    public static let range = HeaderField("Range", "One range of bytes, to go on with what has ended early.")
    public static let ifRange = HeaderField("If-Range", "The `ETag` of what the caller has a part of.")
    public static let contentRange = HeaderField("Content-Range", "Which part it is, and of how many bytes.")
    public static let contentDisposition = HeaderField("Content-Disposition", "A name for the file.")
}

extension ErrorCode {
    public static let rangeNotSatisfiable = ErrorCode("range_not_satisfiable", 416, "There is nothing in this range")
}
