-- Who may subscribe to a channel has changed: nodes ask again for each subscriber.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 epoch candidate
-- Returns: messages to nodes
--
-- Needs: prelude, publish, channel

if nodes_of(ARGV[1]) == '' then return 0 end
return spread(ARGV[1], 5, tick(), epoch(ARGV[2]), '')
