/// The milliseconds since 1970 of a date of HTTP, in any of its three forms (RFC 9110, section 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
/// - Parameter now: milliseconds since 1970. A year of two digits is the latest that is not over 50 years ahead of it.
/// - Returns: `nil` for another text, and for a date before 1970.
public func milliseconds(httpDate text: some StringProtocol, now: Int64) -> Int64? {
    guard text.utf8.count <= 40 else { return nil }
    let parts = String(text).split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
    let isShort = parts.count == 5
    guard isShort || parts.count == 6 && parts[5].isExactly("GMT"), isDayOfWeek(parts[0]) else { return nil }
    let (day, month, year, time) =
        isShort ? (parts[2], parts[1], parts[4], parts[3]) : (parts[1], parts[2], parts[3], parts[4])
    guard let month = monthNames.firstIndex(where: { $0.isExactly(month) }), isDigits(day), day.utf8.count <= 2,
        let year = fullYear(year, now: now)
    else { return nil }
    return milliseconds(rfc3339: "\(year)-\(padded("\(month + 1)"))-\(padded(day))T\(time).000Z")
}

private let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/// By its first letters; that it is the right one is not looked at.
private func isDayOfWeek(_ text: String) -> Bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains { $0.isExactly(text.prefix(3)) }
}

private func fullYear(_ text: String, now: Int64) -> String? {
    guard isDigits(text) else { return nil }
    if text.utf8.count == 4 { return text }
    guard text.utf8.count == 2, let year = Int(text), let thisYear = Int(rfc3339(milliseconds: now).prefix(4)) else {
        return nil
    }
    let found = thisYear - thisYear % 100 + year
    return String(found > thisYear + 50 ? found - 100 : found + 100 <= thisYear + 50 ? found + 100 : found)
}

private func padded(_ text: String) -> String { text.utf8.count == 1 ? "0" + text : text }

private func isDigits(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) } }
