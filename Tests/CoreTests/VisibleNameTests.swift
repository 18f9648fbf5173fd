import Core
import Testing

@Suite struct VisibleNameTests {
    @Test(arguments: [
        "Ada", "Ada L.", "é", "e\u{301}", "李小龍", "محمد", "हिन्दी", "한국", "1", "#", "…", "🐦", "❤️", "1️⃣", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🧑🏽‍🚀",
        "🇩🇪", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", "Ada 👩‍🚀",
    ]) func isAccepted(_ name: String) {
        #expect(VisibleName.accepts(name))
    }

    @Test(arguments: [
        "", " ", "\u{200B}", "\u{3164}", "\u{2800}", "\u{FEFF}", "\u{FE0F}", "\u{115F}\u{1160}",
        "\u{A0}\u{3000}",
        "\u{E0041}\u{E0042}",
        "a\u{200B}b", "a\u{202E}b", "a\u{2066}b", "\u{200E}a", "a\u{200D}", "a\u{AD}b", "a\u{FEFF}", "1\u{200D}2",
        "a\u{7}b",
        "a\nb", "a\u{2028}b", "🐦\u{200D}", "🐦\u{E0041}", "🐦\u{202E}", "🏴\u{E0067}\u{E0062}", "🏴\u{200D}a",
    ]) func isRefused(_ name: String) {
        #expect(!VisibleName.accepts(name))
    }
}
