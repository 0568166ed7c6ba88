/**
 * Scripts that run inside Redis, where nothing else runs meanwhile: what makes a commit and an increment atomic.
 * They check before they write, since Redis undoes nothing.
 */
import { createHash } from 'node:crypto'
import type { Client } from './clients.ts'
import { isReply } from './failure.ts'

export interface Script {
  readonly text: string
  readonly digest: string
}

function script(text: string): Script {
  return { text, digest: createHash('sha1').update(text).digest('hex') }
}

/** Reads the arguments one after another. */
const TAKE = `
local at = 0
local function take() at = at + 1; return ARGV[at] end
local function key() return KEYS[tonumber(take())] end
`

/** Answers the place (from 1) of the first precondition that does not hold. A key that holds no text never does. */
const EXPECT = `
for place = 1, tonumber(take()) do
  local name, kind, value = key(), take(), take()
  local found = redis.pcall('GET', name)
  if type(found) == 'table' then
    if not string.find(found.err, 'WRONGTYPE', 1, true) then return found end
    return place
  end
  if kind == '-' then
    if found then return place end
  elseif found ~= value then return place end
end
`

const APPLY = `
for _ = 1, tonumber(take()) do
  local name, kind, value, expiry = key(), take(), take(), take()
  if kind == '-' then redis.call('DEL', name)
  else
    redis.call('SET', name, value)
    if expiry ~= '0' then redis.call('PEXPIREAT', name, expiry) end
  end
  if noted then noted(name, kind) end
end
`

/** Keeps the names of keys with a prefix in a sorted set. Set up with the key of the set and the prefix. */
const NOTE = `
local set, prefix = key(), take()
local function noted(name, kind)
  if string.sub(name, 1, #prefix) ~= prefix then return end
  if kind == '-' then redis.call('ZREM', set, name) else redis.call('ZADD', set, 0, name) end
end
`

/**
 * Arguments: set and prefix of names that are kept in order, preconditions, changes, channel, notices. Answers 0, or the
 * place of the precondition that failed.
 */
export const commitScript = script(`${TAKE}${NOTE}${EXPECT}${APPLY}
local channel = take()
for _ = 1, tonumber(take()) do redis.pcall('PUBLISH', channel, take()) end
return 0
`)

/**
 * For one slot of a cluster. Arguments: number of the turn, preconditions, changes; the first key remembers the last turn.
 * Answers -1 when a later turn was here: this one is over.
 */
export const slotScript = script(`${TAKE}
local noted = nil
local turn = tonumber(take())
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if last > turn then return -1 end
${EXPECT}
redis.call('SET', KEYS[1], string.format('%.0f', turn), 'PX', 86400000)
${APPLY}
return 0
`)

/**
 * Keys: the counter, and one that adds up how many changes were made for counting, this last one included; a counter in a
 * cluster has none, since it would be on another server. Arguments: what to add, time to live. Answers the sum as text; 'no'
 * when the key holds no counter, 'far' when the sum would lose its last digits.
 */
export const incrementScript = script(`
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' then
  if string.find(found.err, 'WRONGTYPE', 1, true) then return 'no' end
  return found
end
if found and found ~= '0' and not string.find(found, '^-?[1-9]%d*$') then return 'no' end
local before = tonumber(found or '0')
if before > 9007199254740991 or before < -9007199254740991 then return 'no' end
local after = before + tonumber(ARGV[1])
if after > 9007199254740991 or after < -9007199254740991 then return 'far' end
redis.call('INCRBY', KEYS[1], ARGV[1])
local changes = 2
if not found and ARGV[2] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  changes = 3
end
if KEYS[2] then redis.pcall('INCRBY', KEYS[2], changes) end
return string.format('%.0f', after)
`)

/**
 * What `INFO` says of a server, and the changes made for counting until that very moment. Key: that of the counted changes.
 * Changes nothing.
 */
export const stampScript = script(`
local counted = redis.pcall('GET', KEYS[1])
if type(counted) ~= 'string' then counted = '0' end
return {counted, redis.call('INFO', 'server'), redis.call('INFO', 'persistence')}
`)

/** Runs a script by its digest; sends its text where the server does not know it yet. */
export async function run(
  client: Client,
  { text, digest }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  try {
    return await client.evalsha(digest, keys.length, ...keys, ...args)
  } catch (error) {
    if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(text, keys.length, ...keys, ...args)
  }
}

/**
 * The turns of a cluster. Keys: lock, last turn, journal; arguments: token, lease in milliseconds. Answers the number of the
 * turn and the journal that was left, or 0. Numbers follow the clock, so that none comes again after a lost failover.
 */
export const acquireScript = script(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'0', false} end
local time = redis.call('TIME')
local turn = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(time[1]) * 1000)
turn = string.format('%.0f', turn)
redis.call('SET', KEYS[2], turn)
return {turn, redis.call('GET', KEYS[3])}
`)

/** Keys: lock, journal; arguments: token, text. Answers 0 when the turn is over. */
export const journalScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1
`)

/** Ends a turn whose journal is done. Keys: lock, journal; argument: token. */
export const releaseScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
return 1
`)

/** Ends a turn and leaves its journal to the next. Key: lock; argument: token. */
export const unlockScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)
