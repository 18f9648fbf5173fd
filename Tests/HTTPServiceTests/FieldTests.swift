import Core
import Testing

@testable import HTTPService

@Suite struct FieldTests {
    private let text = Field.text("text", TextRule("a text", .lines, 1...5000), example: "x")
    private let count = Field.integer("count", in: 2...8, example: 3)

    private func problem<Value>(_ read: () throws(Problem) -> Value) -> Problem? {
        do throws(Problem) {
            _ = try read()
            return nil
        } catch {
            return error
        }
    }

    @Test func isReadWithItsType() throws {
        #expect(try text.read(["text": " a\nb "]) == "a\nb")
        #expect(try count.read(["count": 8]) == 8)
        #expect(try Field.boolean("multiple", example: true).read(["multiple": false]) == false)
        #expect(try Field.id("user_id").read(["user_id": "7"]) == ID(raw: 7))
    }

    @Test func everyErrorNamesTheField() {
        let cases: [(JSONObject, ErrorCode, String)] = [
            ([:], .missingField, "the field text is missing"),
            (["text": 5], .invalidField, "text must be a string, it is a number"),
            (["text": .null], .invalidField, "text must be a string, it is null"),
            (["text": "   "], .invalidField, "a text has 1 to 5,000 characters without the space around it"),
            (["text": "a\u{7}"], .invalidField, "a text has no control characters but line feeds and tabs"),
        ]
        for (body, code, detail) in cases {
            let found = problem { () throws(Problem) in try text.read(body) }
            #expect(found == Problem(code, detail, field: "text"))
        }
        let wrong = problem { () throws(Problem) in try count.read(["count": 9]) }
        #expect(wrong == Problem(.invalidField, "count must be a whole number from 2 to 8", field: "count"))
        let id = problem { () throws(Problem) in try Field.id("user_id").read(["user_id": "07"]) }
        #expect(id == Problem(.invalidField, "user_id must be an id: decimal digits", field: "user_id"))
    }

    @Test func mayBeLeftOut() throws {
        #expect(try text.orNil.read([:]) == nil)
        #expect(try text.orNil.read(["text": "x"]) == "x")
        #expect(try count.or(4).read([:]) == 4)
        #expect(try count.or(4).read(["count": 5]) == 5)
        // To be left out is not to be of any kind.
        let found = problem { () throws(Problem) in try text.orNil.read(["text": .null]) }
        #expect(found?.field == "text")
        #expect(text.declaration.isRequired && !text.orNil.declaration.isRequired)
    }

    @Test func kindsOfText() throws {
        let exact = TextRule("a password", .exact, 8...256)
        #expect(try exact.read("  \u{0}12 \u{301} ") == "  \u{0}12 \u{301} ")
        let name = TextRule("a display name", .name, 1...60)
        #expect(try name.read(" Ada ") == "Ada")
        #expect(throws: Refusal.self) { try name.read("\u{200B}") }
        #expect(throws: Refusal.self) { try name.read("a\nb") }
        #expect(throws: Refusal.self) { try exact.read("7 chars") }
    }

    @Test func parameters() {
        let limit = PageParameters.limit.declaration
        func read(_ text: String?) -> Int? {
            (try? limit.read(text.map { .string($0) })) as? Int
        }
        #expect(read(nil) == 30 && read("1") == 1 && read("100") == 100)
        for wrong in ["0", "101", "-1", "", "1.5", "0x10", "+5", "05", "٣", "99999999999999999999"] {
            let found = problem { () throws(Problem) in try limit.read(.string(wrong)) }
            #expect(found?.code == .invalidField && found?.field == "limit")
        }
        #expect(limit.schema.members["default"] == 30)
        #expect(PageParameters.howMany.orNil.declaration.schema.members["default"] == nil)
    }

    @Test func placeholders() {
        let id = PathParameter.id("id").declaration
        #expect((try? id.read("9007199254740991")) as? ID == .max)
        for wrong in ["", "x", "-1", "9007199254740992", "1.5", "１"] {
            let found = problem { () throws(Problem) in try id.read(.string(wrong)) }
            #expect(found?.code == .notFound)
        }
    }

    @Test func aBodyIsClosed() {
        let body = RequestBody("New", text, count.orNil)
        func found(_ json: String) -> Problem? {
            problem { () throws(Problem) in
                var values: [any Sendable] = []
                try body.read(Array(json.utf8), &values)
                #expect(values.count == 2 && values[0] as? String == "a")
            }
        }
        #expect(found(#"{"text":"a"}"#) == nil && found(#"{"count":3,"text":"a"}"#) == nil)
        #expect(found(#"{"text":"a","colour":1}"#)?.field == "colour")
        #expect(found("[]")?.code == .invalidJSON && found("{")?.code == .invalidJSON)
        #expect(body.component.schema.members["additionalProperties"] == false)
        #expect(body.component.schema.members["required"] == ["text"])
    }
}
