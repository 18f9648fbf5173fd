import Core
import Foundation
import Testing

@testable import Live

/// docs/live.md has every code, and no other.
struct LiveDocumentTests {
    private let text: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        text = try String(contentsOf: root.appending(path: "docs/live.md"), encoding: .utf8)
    }

    @Test func everyCode() {
        let listed = Set(text.matches(of: /(?m)^\| (\d{3,4}) \|/).compactMap { Int($0.1) })
        let known = Disconnect.allCases.map(\.rawValue) + CommandError.allCases.map(\.rawValue)
        #expect(listed == Set(known + Unsubscribe.allCases.map(\.rawValue)))
    }

    /// The words of a code are what clients get.
    @Test func everyReason() {
        for code in Disconnect.allCases where code != .inappropriateProtocol {
            #expect(text.contains("| \(code.rawValue) | \(code.reason)"))
        }
        for code in Unsubscribe.allCases { #expect(text.contains("| \(code.rawValue) | \(code.reason)")) }
        for error in CommandError.allCases { #expect(text.contains("| \(error.rawValue) | \(error.message)")) }
    }
}
