-- Something that should have come here was lost on its way. Another epoch has all live clients read anew, and what
-- channels were told before says nothing about what comes now (`tell`).
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 epoch candidate, 2 milliseconds for which somebody else's call is enough
-- Returns: 1 it is another epoch, 0 it was, just now
--
-- Needs: prelude

if not call('SET', base .. 'renewed:' .. tag, '1', 'NX', 'PX', ARGV[2]) then return 0 end
call('SET', base .. 'epoch:' .. tag, ARGV[1])
return 1
