import Testing

@testable import Confusables

@Suite struct NameShapeTests {
    private func looksLike(_ name: String, _ listed: String) -> Bool {
        guard let shape = NameShape(name), let other = NameShape(listed, isListed: true) else { return false }
        return !shape.forms.isDisjoint(with: other.forms)
    }

    @Test(arguments: [
        "admin", "Admin", "ADMIN", "ADMlN", "admın", "аdmin", "adｍin", "a d m i n", "ad_min", "ad-min", "ad.min",
        "ad\u{200b}min", "\u{202e}admin", "𝐚𝐝𝐦𝐢𝐧", "adrnin",
    ])
    func likeAdmin(_ name: String) {
        #expect(looksLike(name, "admin"), "\(name)")
    }

    @Test(arguments: ["administer", "ad", "badmin", "adnin", "ádmin", "관리자", "42"])
    func notLikeAdmin(_ name: String) {
        #expect(!looksLike(name, "admin"), "\(name)")
    }

    @Test func otherScripts() {
        #expect(looksLike("관리자", "관리자") && looksLike("관 리 자", "관리자"))
        // Decomposed.
        #expect(looksLike("\u{1100}\u{116a}\u{11ab}\u{1105}\u{1175}\u{110c}\u{1161}", "관리자"))
        #expect(!looksLike("관리인", "관리자"))
    }

    @Test func whatHasNoShape() {
        #expect(NameShape("") == nil && NameShape("\u{200b} _") == nil)
        #expect(NameShape(String(repeating: "a", count: 501)) == nil)
        // Long ones that grow, and texts that are no words.
        for scalar in ["\u{fdfa}", "\u{1f600}", "\u{0}", "\u{10ffff}", "\u{301}"] {
            _ = NameShape(String(repeating: scalar, count: 500))
        }
    }
}
