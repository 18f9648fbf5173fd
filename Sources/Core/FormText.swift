/// `application/x-www-form-urlencoded`, which is also how a query is written.
public enum FormText {
    public static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.percentEscaped)=\($1.percentEscaped)" }.joined(separator: "&")
    }
}
