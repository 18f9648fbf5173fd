import Core
import Testing

@testable import Store

/// What PostgreSQL sends is read or refused, never trapped on.
struct PgRowsTests {
    private func row(_ text: String?) -> PgRow { PgRows(names: ["c"], cells: [text])[0] }

    @Test func valuesAreRead() throws {
        #expect(try row("a").text("c") == "a" && row("a").optionalText("c") == "a")
        #expect(try row("-9223372036854775808").integer("c") == .min && row("7").optionalInteger("c") == 7)
        #expect(try row("t").bool("c") && !row("f").bool("c") && row("f").optionalBool("c") == false)
        #expect(try row("\\x").bytes("c") == [] && row("\\x00ff0a").bytes("c") == [0, 255, 10])
        #expect(try row("0").id("c") == .zero && row("9007199254740991").id("c") == .max && row("7").int("c") == 7)
    }

    @Test func optionalValues() throws {
        #expect(try row(nil).optionalText("c") == nil && row(nil).optionalInteger("c") == nil)
        #expect(try row(nil).optionalBool("c") == nil && row(nil).optionalBytes("c") == nil)
        #expect(try row(nil).optionalID("c") == nil && row("5").optionalID("c") == ID(raw: 5))
        refused { _ = try row("x").optionalInteger("c") }
        refused { _ = try row("x").optionalBool("c") }
        refused { _ = try row("x").optionalBytes("c") }
        refused { _ = try row("-1").optionalID("c") }
    }

    @Test(arguments: ["9223372036854775808", "", "1.5", " 1", "NaN", "١"])
    func noInteger(_ text: String) {
        refused { _ = try row(text).integer("c") }
        refused { _ = try row(text).int("c") }
        refused { _ = try row(text).id("c") }
    }

    @Test(arguments: ["-1", "9007199254740992", "-9223372036854775808"])
    func noID(_ text: String) { refused { _ = try row(text).id("c") } }

    @Test(arguments: ["", "true", "T", "1"]) func noBoolean(_ text: String) { refused { _ = try row(text).bool("c") } }

    @Test(arguments: ["", "\\", "\\x0", "\\xgg", "\\x0G", "abc", "\\001\\002", "\\xFF", "x00", "\\x0é"])
    func noBytes(_ text: String) { refused { _ = try row(text).bytes("c") } }

    @Test func noNulls() {
        refused { _ = try row(nil).text("c") }
        refused { _ = try row(nil).integer("c") }
        refused { _ = try row(nil).int("c") }
        refused { _ = try row(nil).id("c") }
        refused { _ = try row(nil).bool("c") }
        refused { _ = try row(nil).bytes("c") }
    }

    @Test func columnsAreFoundByTheirNames() throws {
        let names = ["id", "display_name_of_somebody", "C", "c", "?column?", "?column?"]
        let rows = PgRows(names: names, cells: ["1", "a", "b", "d", "x", "y", "2", "e", "f", nil, "x", "y"])
        #expect(try rows.map { try $0.integer("id") } == [1, 2])
        #expect(try rows.map { try $0.text("display_name_of_somebody") } == ["a", "e"])
        #expect(
            try rows.map { try $0.text("C") } == ["b", "f"] && rows.map { try $0.optionalText("c") } == ["d", nil])
        // The two without a name are in nobody's way, and can't be read.
        refused("?column?") { _ = try rows[0].text("?column?") }
    }

    @Test func noColumnAndNoRow() {
        for column in ["", "d", "C", "c "] { refused(column) { _ = try row("a").text(column) } }
        for index in [-1, 1, .max, .min] { refused { _ = try PgRows(names: ["c"], cells: ["a"])[index].text("c") } }
        refused { _ = try PgRows(names: [], cells: [])[0].optionalText("c") }
    }

    /// Which of the two was meant nobody knows, so neither is read, also where they are the same.
    @Test func aNameThatAppearsTwice() throws {
        let rows = PgRows(names: ["id", "c", "id"], cells: ["1", "2", "1"])
        #expect(try rows[0].text("c") == "2")
        refused("id") { _ = try rows[0].text("id") }
        refused("id") { _ = try rows[0].optionalInteger("id") }
    }

    /// The column is named, what was in it is not: it may be a secret.
    private func refused(_ column: String = "c", _ read: () throws -> Void) {
        #expect { try read() } throws: { error in
            guard let error = error as? PgError else { return false }
            return error.sqlState == "XX001" && !error.isTemporary
                && (error.message.contains("column \(column):") || error.message.contains("row"))
        }
    }
}

extension PgRows {
    /// As PostgreSQL would have sent them.
    fileprivate init(names: [String], cells: [String?]) {
        var (bytes, ends): ([UInt8], [Int]) = ([], [])
        for cell in cells {
            bytes += Array((cell ?? "").utf8)
            ends.append(cell == nil ? ~bytes.count : bytes.count)
        }
        self.init(PgResult(names: names, bytes: bytes, ends: ends))
    }
}
