/// How often what happened in walks over channels, so that one which goes nowhere is noticed.
struct ChannelsTally {
    var told = 0
    var repeated = 0
    var pushed = 0
    var recovered = 0
    var resets = 0
    var gaps = 0
    var strikes = 0
    var healed = 0

    static func += (sum: inout ChannelsTally, more: ChannelsTally) {
        sum.told += more.told
        sum.repeated += more.repeated
        sum.pushed += more.pushed
        sum.recovered += more.recovered
        sum.resets += more.resets
        sum.gaps += more.gaps
        sum.strikes += more.strikes
        sum.healed += more.healed
    }
}
