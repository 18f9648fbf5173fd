-- The mark moves. One below what is written down of it elsewhere, or data of another run under a connection that
-- was kept (a proxy), has gone back: then all of it is to be dropped.
--
-- KEYS: 1 a partition's clock
-- ARGV: 1 the highest mark that Redis has acknowledged
-- Returns: the mark now; 0: it has gone back, or is being dropped. `enter` until that is done
--
-- Needs: prelude, dataset

if call('EXISTS', drops) == 1 then return 0 end
local run, mark, recorded = current_run(), call('GET', marks), tonumber(ARGV[1])
local number = tonumber(mark or '0')
if call('GET', origin) ~= run or number and number < recorded then
    begin_drop(run)
    return 0
end
number = math.max(number or 0, recorded) + 1
call('SET', marks, decimal(number))
return number
