import Core
import Glibc

/// For a terminal: time, handle in a colour of its own, name, and the text wrapped with a hanging indent.
final class PrettyText: Renderer {
    /// Columns of a local time of day and a space.
    private static let timeWidth = 9
    private let style: Style
    private let width: () -> Int
    private var day = ""

    init(color: Bool, width: @escaping () -> Int) {
        style = Style(isOn: color)
        self.width = width
    }

    func created(_ post: FeedPost, event: String) -> String {
        var name = Harmless.visible(post.displayName, breaks: false)
        if name.lowercased() == post.handle.lowercased() { name = "" }
        return line(post, at: post.milliseconds, remark: name)
    }

    func edited(_ post: FeedPost, event: String, now: Int64) -> String {
        line(post, at: now, remark: "edited")
    }

    /// - Parameter remark: behind the handle; may be empty.
    private func line(_ post: FeedPost, at milliseconds: Int64, remark: String) -> String {
        let (day, time) = Self.local(milliseconds)
        let handle = "@" + Harmless.visible(post.handle, breaks: false)
        var text = dayLine(day) + style.dim(time) + " " + style.handle(handle)
        if !remark.isEmpty { text += " " + style.dim(remark) }
        let taken = Self.timeWidth + TextWidth.of(handle) + (remark.isEmpty ? 0 : 1 + TextWidth.of(remark)) + 1
        let width = max(20, width())
        let indent = width < 40 ? 2 : Self.timeWidth
        let body = Harmless.visible(post.text, breaks: true)
        // They fill the line: the text begins on the next.
        let lines =
            taken + 10 > width
            ? [""] + TextWidth.wrap(body, first: indent, indent: indent, width: width)
            : TextWidth.wrap(body, first: taken, indent: indent, width: width)
        let margin = String(repeating: " ", count: indent)
        if let first = lines.first, !first.isEmpty { text += " " + first }
        for line in lines.dropFirst() { text += line.isEmpty ? "\n" : "\n" + margin + line }
        return text + "\n"
    }

    func deleted(_ post: ShownPosts.Post?, event: String, now: Int64) -> String {
        guard let post else { return "" }
        let (day, time) = Self.local(now)
        let handle = Harmless.visible(post.handle, breaks: false)
        return dayLine(day) + style.dim("\(time) @\(handle) deleted the post of \(post.createdAt)") + "\n"
    }

    func news(_ news: News, event: String, now: Int64) -> String {
        let (day, time) = Self.local(now)
        let handle = news.handle.map { style.handle("@" + Harmless.visible($0, breaks: false)) + " " } ?? ""
        return dayLine(day) + style.dim(time) + " " + handle + Harmless.visible(news.text, breaks: false) + "\n"
    }

    func other(event: String) -> String { "" }

    /// Says the day where it changes.
    private func dayLine(_ day: String) -> String {
        guard day != self.day else { return "" }
        self.day = day
        return style.dim(day) + "\n"
    }

    /// The day and the time of day, in the time zone of `TZ` or the system.
    private static func local(_ milliseconds: Int64) -> (day: String, time: String) {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return (
            "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))",
            "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        )
    }
}

/// Colours by ECMA-48's SGR, or none.
struct Style {
    /// Legible on dark and on light.
    private static let handleColors = [31, 32, 33, 34, 35, 36, 91, 92, 94, 95, 96]
    let isOn: Bool

    func dim(_ text: String) -> String { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

    /// The same colour for the same handle, in every process: FNV-1a.
    func handle(_ text: String) -> String {
        guard isOn else { return text }
        let hash = text.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return "\u{1B}[1;\(Self.handleColors[Int(hash) % Self.handleColors.count])m\(text)\u{1B}[0m"
    }
}
