import Core
import Testing

@Suite struct SecretsTests {
    @Test(arguments: [
        ("redis://:pw@h:1/3", "redis://***@h:1/3"), ("redis://h:1", "redis://h:1"),
        ("redis:/:p@w@h", "redis***@h"), ("p:w@h", "p***@h"), ("postgresql://u:a@b@h/d", "postgresql://***@h/d"),
        ("postgresql://h/d?user=u&password=pw&sslmode=x", "postgresql://h/d?user=u&password=***&sslmode=x"),
        ("host=h password=pw dbname=d", "host=h password=*** dbname=d"),
        ("host=h password = 'a; b' dbname = d", "host=h password = *** dbname = d"),
        ("PASSWORD=a&b;c=d e", "PASSWORD=***;c=d e"), ("sasl.password=x=y;acks=1", "sasl.password=***;acks=1"),
        ("sasl.password hunter", "sasl.password ***"), ("ssl.key.pem=a", "ssl.key.pem=***"), ("", ""),
    ]) func secretsAreMasked(_ text: String, _ shown: String) {
        #expect(Secrets.masked(text) == shown)
    }

    @Test func messagesAboutThemAreMaskedToo() {
        #expect(
            Secrets.removed(from: "no host in redis://:pw5@h: pw5?", of: "redis://:pw5@h")
                == "no host in redis://***@h: ***?")
        #expect(
            Secrets.removed(from: "missing \"=\" after \"two\"", of: "host=h password=one two")
                == "missing \"=\" after \"***\"")
    }
}
