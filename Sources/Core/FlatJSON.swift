/// A JSON object whose values are strings, such as the headers of an event where they are stored as JSON.
public enum FlatJSON {
    /// Keys in order, so that equal values have equal texts.
    public static func encode(_ values: [String: String]) -> String {
        var writer = ByteWriter(capacity: 256)
        writer.append(ascii: "{")
        for (index, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { writer.append(ascii: ",") }
            writer.append(jsonString: name)
            writer.append(ascii: ":")
            writer.append(jsonString: value)
        }
        writer.append(ascii: "}")
        return writer.string
    }

    /// What isn't a string is left out.
    public static func decode(_ text: String) throws(JSONError) -> [String: String] {
        // The result's keys are strings.
        guard text.hasFewMarks else { throw JSONError(message: "more than 128 combining marks in a row", offset: 0) }
        guard let object = try JSONValue.parse(text.utf8, depth: 1).object else { return [:] }
        var values: [String: String] = [:]
        for key in object.keys {
            guard let value = object[key]?.string else { continue }
            // Keys of other bytes may still be one string.
            guard values.updateValue(value, forKey: key) == nil else {
                throw JSONError(message: "a key appears twice", offset: 0)
            }
        }
        return values
    }
}
