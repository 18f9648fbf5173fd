import Core
import Crypto

/// The document as a page: plain HTML with its style inside, made once. No script, and nothing from another host.
struct DocumentPage: Sendable {
    let html: [UInt8]
    let headers: [(String, String)]

    init(_ document: Document) {
        var page = HTMLWriter()
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        page.element("title", "\(document.info.title) \(document.info.version)")
        page.raw("\n<style>\(Self.style)</style>\n</head>\n<body>\n")
        page.append(document)
        page.raw("</body>\n</html>\n")
        html = Array(page.text.utf8)
        // Only this style: what a description might bring along is text, and would have no effect as more.
        let hash = Base64URL.encode(Crypto.sha256(Array(Self.style.utf8)))
        headers = [
            ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache"),
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'sha256-\(Self.base64(hash))'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'"
            ),
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ]
    }

    private static func base64(_ url: String) -> String {
        let digits = String(url.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
    }

    static let style = """
        :root{color-scheme:light dark;--line:light-dark(#c8ccd0,#40464c);--soft:light-dark(#f2f4f6,#1d2125)}
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
        code,pre{font:14px/1.45 ui-monospace,monospace}
        code{overflow-wrap:anywhere}
        pre{background:var(--soft);padding:.75rem;overflow-x:auto;white-space:pre-wrap}
        h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
        section.operation{margin:1.5rem 0;padding:0 1rem 1rem;border:1px solid var(--line);border-radius:6px}
        h3 .method{display:inline-block;min-width:4.5rem}
        table{border-collapse:collapse;width:100%}
        caption{text-align:left;font-weight:600;padding:.5rem 0}
        th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-top:1px solid var(--line)}
        nav ul{columns:2;padding-left:1.2rem}
        """
}

/// Writes HTML: what is text stays text.
struct HTMLWriter {
    private(set) var text = ""

    mutating func raw(_ html: String) { text += html }

    mutating func plain(_ words: String) {
        for character in words.unicodeScalars {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            default: text.unicodeScalars.append(character)
            }
        }
    }

    /// Text with `code` in it, and paragraphs apart, as descriptions have them.
    mutating func prose(_ words: String) {
        for paragraph in words.split(separator: "\n\n") {
            raw("<p>")
            inline(String(paragraph))
            raw("</p>\n")
        }
    }

    mutating func inline(_ words: String) {
        for (index, part) in words.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if index % 2 == 1 { element("code", String(part)) } else { plain(String(part)) }
        }
    }

    /// - Parameter attributes: written by us.
    mutating func element(_ name: String, _ words: String, _ attributes: String = "") {
        raw("<\(name)\(attributes.isEmpty ? "" : " " + attributes)>")
        plain(words)
        raw("</\(name)>")
    }

    /// - Parameter rows: of descriptions, each as long as the head; the first cell is the row's head.
    mutating func table(_ caption: String, _ head: [String], _ rows: [[String]]) {
        guard !rows.isEmpty else { return }
        raw("<table>\n")
        element("caption", caption)
        raw("<tr>")
        for cell in head { element("th", cell, "scope=\"col\"") }
        raw("</tr>\n")
        for row in rows {
            raw("<tr><th scope=\"row\">")
            inline(row[0])
            raw("</th>")
            for cell in row.dropFirst() {
                raw("<td>")
                inline(cell)
                raw("</td>")
            }
            raw("</tr>\n")
        }
        raw("</table>\n")
    }

    mutating func example(_ title: String, _ value: JSONValue) {
        raw("<details><summary>")
        plain(title)
        raw("</summary><pre>")
        if case .string(let words) = value { plain(words) } else { plain(value.indented) }
        raw("</pre></details>\n")
    }
}
