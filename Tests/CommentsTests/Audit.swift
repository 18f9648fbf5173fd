import DomainKit
import TestSite

/// How many posts and comments have another number of replies than they should.
func wrong(_ site: TestSite) async throws -> Int {
    guard let audit = site.countAudits.first(where: { $0.name == "comments" }) else { return -1 }
    var findings: [CountAudit.Finding] = []
    _ = try await audit.run(site.database, repairs: false) { findings += $0 }
    return findings.count
}
