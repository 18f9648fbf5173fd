import Core
import EventLog
import RedisLink
import Store
import Testing

@testable import Consumers

struct FailurePolicyTests {
    @Test func aScheduleEnds() {
        let schedule = RetrySchedule(seconds: [5, 30])
        #expect(schedule.delay(after: 1, spread: 0) == 5000 && schedule.delay(after: 1, spread: 1) == 6000)
        #expect(schedule.delay(after: 2, spread: 0.5) == 33_000)
        #expect(schedule.delay(after: 3, spread: 0) == nil && schedule.delay(after: 0, spread: 0) == nil)
    }

    @Test(arguments: [
        (PgError(sqlState: "08006", message: "") as any Error, true), (PgError(sqlState: "40P01", message: ""), true),
        (PgError(sqlState: "23514", message: ""), false), (PgError(sqlState: "22021", message: ""), false),
        (RedisError.notConnected, true), (RedisError.server("ERR wrong"), false), (RedisError.server("LOADING"), true),
        (EventLogError("", isTemporary: true), true), (EventLogError("", isTemporary: false), false),
        (CancellationError(), true), (TooManyParked(), true),
    ]) func whatIsOfNoRecord(_ error: any Error, isOutage: Bool) {
        #expect(FailurePolicy.isOutage(error) == isOutage)
    }
}
