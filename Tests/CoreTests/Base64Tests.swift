import Core
import Testing

@Suite struct Base64Tests {
    /// RFC 4648, section 10, and the two signs that Base64url has others for.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("??>", "Pz8+"), ("???", "Pz8/"),
    ]) func hasItsPublishedValues(_ text: String, _ encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "=", "A===", "Zg==Zg==", "Zm8=\n", " Zm8", "Pz8-", "Pz8_",
        "Zm9v====", "Zg==\0\0\0\0", "Zé==",
    ]) func whatIsNone(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test func anyBytes() {
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }
}
