-- Whether what Redis holds is what it held. Shared.
--
--   run   string  the id of the run of the server that wrote all of this
--   mark  string  a number that moves all the time; `new` behind a drop
--   drop  hash    all of it is being dropped: in which run of the server, and how far that is
--
-- Needs: prelude

local origin, marks, drops = base .. 'run', base .. 'mark', base .. 'drop'

-- Of the server. Where it doesn't say, or the user has no right to ask, only the mark is left to go by.
local function current_run()
    local info = redis.pcall('INFO', 'server')
    return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
end

local function begin_drop(run) call('HSET', drops, 'run', run, 'cursor', '0') end
