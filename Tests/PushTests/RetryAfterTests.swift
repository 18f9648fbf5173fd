import Push
import Testing

@Suite struct RetryAfterTests {
    /// 1994-11-06T08:49:37.250Z.
    private static let now: Int64 = 784_111_777_250

    @Test(
        arguments: [
            ("0", 0), ("1", 1000), ("120", 120_000), (" 120\t", 120_000), ("1.5", 1500), ("0.0001", 1), ("007", 7000),
            ("2419200", 2_419_200_000), ("2419201", 2_419_200_000), ("999999999999999999999999", 2_419_200_000),
            ("Sun, 06 Nov 1994 08:49:38 GMT", 750), ("Sunday, 06-Nov-94 08:50:37 GMT", 59_750),
            ("Sun Nov  6 08:49:39 1994", 1750), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 2_419_200_000),
        ] as [(String, Int64)])
    func waits(_ text: String, _ wait: Int64) { #expect(RetryAfter.wait(text, now: Self.now) == wait) }

    @Test(arguments: [
        "", " ", "-1", "+1", "1e3", "0x10", "1.", ".5", "1.5.5", "1,5", "inf", "nan", "soon", "1 2", "１２",
        "Sun, 06 Nov 1994 08:49:37 CET", String(repeating: "1", count: 65),
    ]) func whatIsNone(_ text: String) { #expect(RetryAfter.wait(text, now: Self.now) == nil) }
}
