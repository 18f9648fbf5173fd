import CICU

/// Unicode's folding for comparisons (NFKC_Casefold): case, width and how a letter is put together make no difference, accents do.
public enum CaseFold {
    /// In bytes of UTF-8, of a text that is folded.
    static let longest = 2_000

    /// - Returns: `nil` where the text is too long.
    public static func folded(_ text: String) -> String? {
        text.utf8.count > longest ? nil : ICUText.call(text, martlet_casefold)
    }
}
