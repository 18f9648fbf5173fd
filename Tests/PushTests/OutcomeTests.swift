import Core
import Push
import TestSupport
import Testing

@Suite struct OutcomeTests {
    @Test(arguments: OutcomeTable.all) func eachStatusOfEachProvider(_ row: OutcomeRow) {
        let verdict = row.verdict
        #expect(verdict.outcome == row.outcome)
        #expect(verdict.scope == row.scope)
        #expect(verdict.status == row.status)
        #expect(verdict.reason == row.reason)
    }

    /// Whatever status comes, and with whatever body: a device ends only by what the table says, and success is 2xx.
    @Test(arguments: PushProvider.allCases) func everyStatus(_ provider: PushProvider) {
        for status in -1...1000 {
            for body in [
                "", "{}", "null", #"{"reason":7,"errno":"x","error":[]}"#, #"{"error":{"details":[1,{}]}}"#, "\u{0}",
            ] {
                let verdict = provider.verdict(
                    of: PushResponse(status: status, body: Array(body.utf8)), now: OutcomeRow.now)
                #expect((verdict.outcome == .delivered) == (200..<300).contains(status))
                let isGone = [.webPush: [404, 410], .apns: [410], .fcm: [], .webhook: [410]][provider]!.contains(status)
                #expect(verdict.outcome.removes(deviceOf: 0) == isGone)
                // Without a word that only a key's can be, a device may be why; FCM's address has none of the device.
                if case .credentialRefused = verdict.outcome {
                    #expect(provider == .fcm && [401, 403, 404].contains(status))
                }
                if verdict.outcome == .deviceRefused { #expect(provider != .fcm && [401, 403].contains(status)) }
            }
        }
    }

    @Test func whatEachAsksFor() {
        let outcomes: [(PushOutcome, String, counts: Bool, final: Bool)] = [
            (.delivered, "delivered", true, true), (.deviceGone(since: nil), "device_gone", true, true),
            (.messageRefused(attempts: 1), "message_refused", true, true),
            (.messageRefused(attempts: 3), "message_refused", true, false),
            (.credentialRefused(renews: true), "credential_refused", false, false),
            (.deviceRefused, "device_refused", true, false), (.throttled(wait: 1), "throttled", false, false),
            (.temporary(wait: nil), "temporary", true, false),
            (.ambiguous, "ambiguous", true, false),
        ]
        for (outcome, name, counts, isFinal) in outcomes {
            #expect(outcome.name == name && outcome.countsAsAttempt == counts && outcome.isFinal(after: 1) == isFinal)
        }
        #expect(!PushOutcome.messageRefused(attempts: 3).isFinal(after: 2))
        #expect(PushOutcome.messageRefused(attempts: 3).isFinal(after: 3))
        for (outcome, _, _, _) in outcomes where outcome.name != "device_gone" {
            #expect(!outcome.removes(deviceOf: 0))
        }
    }

    /// Apple says since when a token is none: who registered it after that is another one.
    @Test func aDeviceThatCameBack() {
        let gone = PushOutcome.deviceGone(since: 1000)
        #expect(gone.removes(deviceOf: 999) && gone.removes(deviceOf: 1000) && !gone.removes(deviceOf: 1001))
    }

    @Test func withoutAResponse() {
        for provider in PushProvider.allCases {
            for failure in PushFailure.allCases {
                let verdict = provider.verdict(of: failure)
                let isUnknown = [.broken, .timeout].contains(failure)
                #expect(verdict.outcome == (isUnknown ? .ambiguous : .temporary(wait: nil)))
                #expect(verdict.reason == failure.rawValue && verdict.status == nil)
            }
        }
    }

    /// What others write gets into logs, and is short and harmless there.
    @Test func reasons() {
        func long(_ count: Int) -> String {
            (["reason": .string(String(repeating: "x", count: count))] as JSONValue).text
        }
        let odd = (["reason": "a\u{1b}[2Jb\r\n\u{202e}"] as JSONValue).text
        func reason(_ body: String) -> String? {
            PushProvider.apns.verdict(of: PushResponse(status: 400, body: Array(body.utf8)), now: 0).reason
        }
        #expect(reason(long(65))?.unicodeScalars.count == 65 && reason(long(257)) == nil)
        #expect(reason(odd) == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}\u{FFFD}")
        let windows = PushResponse(
            status: 400, headers: [PushHeader("X-WNS-ERROR-DESCRIPTION", "Ttl value conflicts\u{7}")])
        #expect(PushProvider.webPush.verdict(of: windows, now: 0).reason == "Ttl value conflicts\u{FFFD}")
        // A body that is too long is not read, but the status counts.
        let huge = PushResponse(
            status: 410, body: Array(#"{"timestamp":5}"#.utf8) + [UInt8](repeating: 32, count: 16_384))
        #expect(PushProvider.apns.verdict(of: huge, now: 0).outcome == .deviceGone(since: nil))
    }
}
