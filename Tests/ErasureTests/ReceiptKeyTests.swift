import Testing

@testable import Erasure

@Suite struct ReceiptKeyTests {
    /// Each is a word on a command line.
    @Test func noneBeginsWithADash() {
        let keys = (0..<2_000).map { _ in Deletions.newKey() }
        #expect(keys.allSatisfy { $0.count == 32 && !$0.hasPrefix("-") } && Set(keys).count == keys.count)
    }
}
