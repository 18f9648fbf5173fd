import Core
import Testing

@testable import Store

/// What is sent for a composition: its text and its parameters.
struct SQLTests {
    private func expect(_ sql: SQL, _ text: String, _ parameters: [PgValue] = []) {
        #expect(sql.rendered() == RenderedSQL(text: text, parameters: parameters))
    }

    @Test func aLiteral() {
        expect("SELECT 1", "SELECT 1")
        expect("", "")
        expect("é", "é")
        expect(SQL("LISTEN bell"), "LISTEN bell")
    }

    @Test func interpolationsAreParameters() {
        let nobody: ID? = nil
        let none: [ID] = []
        expect(
            "a \(ID(raw: 5)), \(7), \(Int64.max), \("x"), \(true), \([0, 255] as [UInt8]), \(nobody)",
            "a $1, $2, $3, $4, $5, $6, $7",
            [.integer(5), .integer(7), .integer(.max), .text("x"), .bool(true), .bytes([0, 255]), .null])
        expect(
            "\([ID(raw: 1)]) \(none) \([1, 2]) \([Int64.min]) \(["a", "b"]) \([[1], []] as [[UInt8]]) \(PgValue.text("y"))",
            "$1 $2 $3 $4 $5 $6 $7",
            [
                .integers([1]), .integers([]), .integers([1, 2]), .integers([.min]), .texts(["a", "b"]),
                .byteArrays([[1], []]), .text("y"),
            ])
        let values: (ID?, Int?, Int64?, String?, Bool?, [UInt8]?) = (ID(raw: 1), 2, 3, "c", false, [4])
        expect(
            "\(values.0)\(values.1)\(values.2)\(values.3)\(values.4)\(values.5)", "$1$2$3$4$5$6",
            [.integer(1), .integer(2), .integer(3), .text("c"), .bool(false), .bytes([4])])
    }

    /// Whatever is in a value, it does not get into the text.
    @Test(arguments: ["'; DROP TABLE users; --", "$1", "$2", "\\", "\"", "\\(x)", "/*", "%", "", "NULL", "E'\\''"])
    func noValueIsSQL(_ text: String) {
        expect("SELECT \(text), \([text])", "SELECT $1, $2", [.text(text), .texts([text])])
        expect("SELECT \(SQL.parameter(text))", "SELECT $1", [.text(text)])
    }

    /// There is no other way from a text into SQL than a literal of the source.
    @Test func literalsAreStatic() {
        #expect(SQL.StringLiteralType.self == StaticString.self)
        #expect(SQL.StringInterpolation.StringLiteralType.self == StaticString.self)
    }

    @Test func fragmentsBringTheirParameters() {
        let inner: SQL = "f.follower = \(ID(raw: 1)) AND f.n < \(2)"
        let middle: SQL = "EXISTS (SELECT FROM follows f WHERE \(inner)) AND m = \("m")"
        expect(
            "SELECT \(0) WHERE \(middle) OR \(inner) LIMIT \(9)",
            "SELECT $1 WHERE EXISTS (SELECT FROM follows f WHERE f.follower = $2 AND f.n < $3) AND m = $4"
                + " OR f.follower = $5 AND f.n < $6 LIMIT $7",
            [.integer(0), .integer(1), .integer(2), .text("m"), .integer(1), .integer(2), .integer(9)])
    }

    @Test func aParameterThatIsUsedSeveralTimesIsSentOnce() {
        let (reader, other) = (SQL.parameter(ID(raw: 7)), SQL.parameter(ID(raw: 7)))
        let mine: SQL = "(author = \(reader) OR n = \(1))"
        expect(
            "SELECT \(2), \(mine) WHERE \(reader) = \(other) AND \(mine)",
            "SELECT $1, (author = $2 OR n = $3) WHERE $2 = $4 AND (author = $2 OR n = $5)",
            [.integer(2), .integer(7), .integer(1), .integer(7), .integer(1)])
    }

    @Test func fragmentsAreJoined() {
        expect([].joined(separator: ", "), "")
        expect(["a"].joined(separator: ", "), "a")
        expect(
            (1...3).map { "(\($0), 'x')" as SQL }.joined(separator: ", "), "($1, 'x'), ($2, 'x'), ($3, 'x')", [1, 2, 3])
        expect(["a", "b"].joined(separator: " + \(1) + "), "a + $1 + b", [1])
    }

    @Test func numbersAboveNine() {
        let all = (1...123).map { "\($0)" as SQL }
        expect(
            all.joined(separator: ","), (1...123).map { "$\($0)" }.joined(separator: ","),
            (1...123).map { .integer($0) })
        // A digit of the text is no part of a parameter's number.
        expect("\(5)0 \(6)", "$1 0 $2", [5, 6])
        expect("\(SQL.parameter(5))0", "$1 0", [5])
    }

    @Test func theTextDependsOnTheCompositionOnly() {
        func sql(_ id: ID, _ text: String?) -> SQL { "UPDATE t SET text = \(text) WHERE id = \(id)" }
        #expect(sql(ID(raw: 1), nil).rendered().text == sql(.max, "'").rendered().text)
        // What is logged of a statement has no values.
        #expect("\(sql(.zero, "secret"))" == "UPDATE t SET text = $1 WHERE id = $2")
    }

    @Test func arraysAsText() throws {
        #expect(try PgValue.byteArrays([[0, 255], []]).encoded() == #"{"\\x00ff","\\x"}"#)
        #expect(try PgValue.texts(["a\"\\", "NULL"]).encoded() == #"{"a\"\\","NULL"}"#)
        #expect(throws: PgError.self) { try PgValue.texts(["a\0"]).encoded() }
    }
}
