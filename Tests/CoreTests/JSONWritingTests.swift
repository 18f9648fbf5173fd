import Core
import Testing

@Suite struct JSONWritingTests {
    @Test(
        arguments: [
            #"{"b":1,"a":[true,false,null,"x\n\"é"],"c":{"d":-7,"e":1.5}}"#, "[]", "{}", "\"\"", "-1.5e-07",
        ])
    func isReadAsTheSame(_ text: String) throws {
        let value = try JSONValue.parse(Array(text.utf8))
        #expect(value.text == text)
        #expect(try JSONValue.parse(Array(value.text.utf8)) == value)
    }

    @Test func literalsKeepTheirOrder() {
        let value: JSONValue = ["z": 1, "a": ["x": "y"], "m": [1, 2.5, true, "\(1 + 1)"]]
        #expect(value.text == #"{"z":1,"a":{"x":"y"},"m":[1,2.5,true,"2"]}"#)
    }

    @Test func aKeyThatIsSetAgainKeepsItsPlace() {
        var object: JSONObject = ["a": 1, "b": 2]
        object.set("a", 3)
        object.set("c", 4)
        #expect(JSONValue.object(object).text == #"{"a":3,"b":2,"c":4}"#)
    }

    @Test func whatAWriterWrites() {
        let value = JSONValue.written { $0.append(ascii: #"{"id":"7"}"#) }
        #expect(value == ["id": "7"])
    }
}
