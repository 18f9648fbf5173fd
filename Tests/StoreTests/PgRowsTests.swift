import Testing

@testable import Store

/// What PostgreSQL sends is read or refused, never trapped on.
struct PgRowsTests {
    private func row(_ text: String?) -> PgRows.Row { PgRows(names: ["c"], cells: [text])[0] }

    @Test func valuesAreRead() throws {
        #expect(try row("a").text(0) == "a" && row(nil).optionalText(0) == nil)
        #expect(try row("-9223372036854775808").integer(0) == .min && row("t").bool(0) && !row("f").bool(0))
        #expect(try row("\\x").bytes(0) == [] && row("\\x00ff0a").bytes(0) == [0, 255, 10])
    }

    @Test(arguments: ["9223372036854775808", "", "1.5", " 1", "NaN", "١"])
    func noInteger(_ text: String) { refused { _ = try row(text).integer(0) } }

    @Test(arguments: ["", "true", "T", "1"]) func noBoolean(_ text: String) { refused { _ = try row(text).bool(0) } }

    @Test(arguments: ["", "\\", "\\x0", "\\xgg", "\\x0G", "abc", "\\001\\002", "\\xFF", "x00", "\\x0é"])
    func noBytes(_ text: String) { refused { _ = try row(text).bytes(0) } }

    @Test func noNulls() {
        refused { _ = try row(nil).text(0) }
        refused { _ = try row(nil).integer(0) }
        refused { _ = try row(nil).bool(0) }
        refused { _ = try row(nil).bytes(0) }
    }

    @Test func noColumnAndNoRow() {
        for column in [-1, 1, .max] { refused { _ = try row("a").text(column) } }
        for index in [-1, 1] { refused { _ = try PgRows(names: ["c"], cells: ["a"])[index].text(0) } }
        refused { _ = try PgRows(names: [], cells: [])[0].optionalText(0) }
    }

    /// The column is named, what was in it is not: it may be a secret.
    private func refused(_ read: () throws -> Void) {
        #expect { try read() } throws: { error in
            guard let error = error as? PgError else { return false }
            return error.sqlState == "XX001" && !error.isTemporary
                && (error.message.contains("column") || error.message.contains("row"))
        }
    }
}
