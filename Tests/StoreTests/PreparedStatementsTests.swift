import Testing

@testable import Store

struct PreparedStatementsTests {
    @Test func aStatementIsPreparedOnce() {
        var prepared = PreparedStatements()
        var batch = prepared.begin()
        let first = prepared.name(of: "a", in: &batch)
        #expect(first.isNew && prepared.name(of: "a", in: &batch) == (first.name, false))
        // It is not there before the batch has succeeded.
        var beside = prepared.begin()
        let second = prepared.name(of: "a", in: &beside)
        #expect(second.isNew && second.name != first.name)
        prepared.succeeded(batch)
        prepared.succeeded(beside)
        var after = prepared.begin()
        #expect(prepared.name(of: "a", in: &after) == (first.name, false) && !after.forgetsAll)
    }

    @Test func manyAreForgotten() {
        var prepared = PreparedStatements(most: 3)
        var names: Set<String> = []
        var forgets: [Bool] = []
        for number in 0..<7 {
            var batch = prepared.begin()
            names.insert(prepared.name(of: "\(number)", in: &batch).name)
            forgets.append(batch.forgetsAll)
            prepared.succeeded(batch)
        }
        #expect(forgets == [false, false, false, true, false, false, true] && names.count == 7)
        var batch = prepared.begin()
        #expect(prepared.name(of: "6", in: &batch).isNew == false && prepared.name(of: "5", in: &batch).isNew)
    }

    /// The server has what it was told to prepare, whatever became of the batch.
    @Test func thoseOfFailedBatchesCount() {
        var prepared = PreparedStatements(most: 2)
        for expected in [false, false, true, false, true] {
            var batch = prepared.begin()
            #expect(batch.forgetsAll == expected && prepared.name(of: "a", in: &batch).isNew)
        }
    }

    @Test func whatWasUnderWayMeanwhileIsForgottenToo() {
        var prepared = PreparedStatements(most: 1)
        var before = prepared.begin()
        _ = prepared.name(of: "a", in: &before)
        let forgetting = prepared.begin()
        prepared.succeeded(before)
        prepared.succeeded(forgetting)
        var after = prepared.begin()
        #expect(forgetting.forgetsAll && !after.forgetsAll && prepared.name(of: "a", in: &after).isNew)
    }
}
