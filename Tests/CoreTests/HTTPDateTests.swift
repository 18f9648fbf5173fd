import Core
import Testing

@Suite struct HTTPDateTests {
    /// 2026-11-27.
    private static let now: Int64 = 1_795_737_600_000

    /// The examples of RFC 9110, section 5.6.7, are one moment.
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ]) func threeForms(_ text: String) {
        #expect(milliseconds(httpDate: text, now: Self.now) == 784_111_777_000)
    }

    /// The year of two digits is that which is nearest, but not over 50 years ahead.
    @Test(arguments: [("76", "2076"), ("77", "1977"), ("26", "2026"), ("00", "2000"), ("99", "1999")])
    func yearsOfTwoDigits(_ short: String, _ year: String) {
        #expect(
            milliseconds(httpDate: "Sunday, 06-Nov-\(short) 08:49:37 GMT", now: Self.now)
                == milliseconds(rfc3339: "\(year)-11-06T08:49:37.000Z"))
    }

    @Test func anotherCentury() {
        let late = milliseconds(rfc3339: "2080-01-01T00:00:00.000Z")!
        #expect(
            milliseconds(httpDate: "Sunday, 06-Nov-10 08:49:37 GMT", now: late)
                == milliseconds(rfc3339: "2110-11-06T08:49:37.000Z"))
    }

    @Test(arguments: [
        "", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 194 08:49:37 GMT", "Sun, 06 Nov 19945 08:49:37 GMT", "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT x",
        "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT" + String(repeating: " ", count: 50),
    ]) func whatIsNone(_ text: String) { #expect(milliseconds(httpDate: text, now: Self.now) == nil) }
}
