import Testing

@testable import Layouts

@Suite struct GivenSettingsTests {
    private func record(
        _ partitions: Int, prefix: String? = nil, log: Int? = nil, former: [Int] = []
    ) -> SiteRecord {
        SiteRecord(
            layout: former.count + 1, partitions: partitions, topicPrefix: prefix, logPartitions: log, former: former,
            next: nil, nextLog: nil, isOverdue: false, since: "2026-11-28 08:00:00 UTC")
    }

    private func given(
        _ partitions: Int?, prefix: String? = nil, kafka: Bool = true, log: Int? = nil
    ) -> GivenSettings {
        GivenSettings(
            partitions: .init(partitions ?? 16, isGiven: partitions != nil, name: "MARTLET_PARTITIONS"),
            topicPrefix: kafka ? .init(prefix ?? "", isGiven: prefix != nil, name: "--kafka-prefix") : nil,
            logPartitions: .init(log ?? 4, isGiven: log != nil, name: "MARTLET_LOG_PARTITIONS"))
    }

    @Test func whatIsNotGivenIsTaken() throws {
        #expect(try given(nil).outdated(against: record(64, prefix: "eu.")) == nil)
    }

    @Test func theSameIsFine() throws {
        #expect(try given(64, prefix: "eu.").outdated(against: record(64, prefix: "eu.")) == nil)
        #expect(try given(64, prefix: "eu.").outdated(against: record(64)) == nil)
        #expect(try given(64, prefix: nil, kafka: false).outdated(against: record(64, prefix: "eu.")) == nil)
    }

    @Test func anotherNumberIsRefusedWithBoth() {
        let error = #expect(throws: SiteMismatch.self) { try given(8).outdated(against: record(64)) }
        let text = error?.description ?? ""
        #expect(text.contains("MARTLET_PARTITIONS is '8'") && text.contains("has 64 partitions"), "\(text)")
        #expect(text.contains("martlet partitions 8"), "\(text)")
    }

    @Test func anotherPrefixIsRefusedWithBoth() {
        for prefix in ["us.", ""] {
            let error = #expect(throws: SiteMismatch.self) {
                try given(nil, prefix: prefix).outdated(against: record(64, prefix: "eu."))
            }
            let text = error?.description ?? ""
            #expect(text.contains("--kafka-prefix is '\(prefix)'") && text.contains("'eu.'"), "\(text)")
        }
    }

    /// Topics only grow: fewer partitions are those of before, more were never there.
    @Test func theLogsPartitionsOnlyGrow() throws {
        for (told, outdated) in [(nil, nil), (12, nil), (4, "MARTLET_LOG_PARTITIONS")] as [(Int?, String?)] {
            #expect(try given(64, log: told).outdated(against: record(64, log: 12)) == outdated)
        }
        #expect(try given(64, log: 12).outdated(against: record(64)) == nil)
        let error = #expect(throws: SiteMismatch.self) { try given(64, log: 24).outdated(against: record(64, log: 12)) }
        let text = error?.description ?? ""
        #expect(text.contains("MARTLET_LOG_PARTITIONS is '24'") && text.contains("have 12 partitions"), "\(text)")
        #expect(text.contains("martlet partitions --log 24"), "\(text)")
    }

    /// After `martlet partitions` the processes have the environment that they had.
    @Test func aNumberOfBeforeIsOutdated() throws {
        #expect(try given(8).outdated(against: record(64, former: [8, 32])) == "MARTLET_PARTITIONS")
        #expect(throws: SiteMismatch.self) { try given(16).outdated(against: record(64, former: [8, 32])) }
    }
}
