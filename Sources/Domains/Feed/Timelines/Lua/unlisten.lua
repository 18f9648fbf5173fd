-- A node has no subscriber of this channel any more. Its log stays for as long as it would have lived.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 node, 3 epoch candidate, 4 not used, 5 number of the node's connection
-- Returns: 1 epoch, 2 clock, 3 number of the node's last message; or the error STALE
--
-- Needs: prelude, publish, channel, fence

if is_stale(ARGV[2], tonumber(ARGV[5])) then return STALE end
deafen(ARGV[1], ARGV[2])
return {epoch(ARGV[3]), now(), last_number(ARGV[2])}
