-- Somebody has read what a channel is about, and may come to it: its log is kept from now on.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 epoch candidate, 3 seconds that the log lives
-- Returns: 1 epoch, 2 clock
--
-- Needs: prelude, publish, channel

local log = logs .. ARGV[1]
local name = epoch(ARGV[2])
if call('EXISTS', log) == 0 then begin_log(ARGV[1], call('TIME')[1] * 1000000, ARGV[3]) end
call('EXPIRE', log, ARGV[3])
return {name, now()}
