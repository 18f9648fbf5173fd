public import Testing

/// Gives a suite a site, for as long as its tests run.
public struct SiteTrait: SuiteTrait, TestScoping {
    private let options: SiteOptions

    fileprivate init(_ options: SiteOptions) { self.options = options }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        let site = try await TestSite(options)
        do {
            try await TestSite.$ofSuite.withValue(site, operation: body)
        } catch {
            await site.close()
            throw error
        }
        await site.close()
    }
}

extension Trait where Self == SiteTrait {
    public static var site: Self { SiteTrait(SiteOptions()) }

    /// One whose rates are limited.
    public static var siteWithLimits: Self {
        var options = SiteOptions()
        options.limitsAreOn = true
        return SiteTrait(options)
    }
}
