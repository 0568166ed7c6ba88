/** Entries of lists of client addresses, as they may be written. */
import { isIP } from 'node:net'

/**
 * True for an address, a network (`10.0.0.0/8`, `2001:db8::/32`) or a pattern (`10.0.*`). What is none of these would close
 * every route that is held to the list.
 */
export function isAddressEntry(given: string): boolean {
  const entry = given.trim()
  if (entry.includes('*')) return isPattern(entry.toLowerCase())
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 0) return false
  if (slash < 0) return true
  const size = entry.slice(slash + 1)
  const bits = Number(size)
  if (!/^\d{1,3}$/.test(size) || bits > (family === 4 ? 32 : 128)) return false
  // An IPv4 address that is written as IPv6 has its network in the last 32 bits.
  return bits >= 96 || !/^(?:::|(?:0{1,4}:){5})ffff:/i.test(address)
}

/** Patterns that some address can match; of those with colons, no more than a few plain forms. */
function isPattern(pattern: string): boolean {
  if (/^\*+$/.test(pattern)) return true
  if (pattern.includes(':')) return isGroupPattern(pattern)
  const octets = pattern.split('.')
  return (
    octets.length <= 4 &&
    octets.every(octet => /^(?:0|[1-9]\d{0,2}|[\d*]*\*[\d*]*)$/.test(octet) && fits(octet))
  )
}

function fits(octet: string): boolean {
  return octet
    .split('*')
    .every(run => run === '' || (run.length <= 3 && Number(run) <= 255 && !/^0\d/.test(run)))
}

function isGroupPattern(pattern: string): boolean {
  const groups = pattern.split(':')
  return (
    !pattern.includes('::') &&
    groups.length <= 8 &&
    groups.slice(0, -1).every(group => /^[\da-f]{1,4}$/.test(group)) &&
    groups.at(-1) === '*' &&
    !/^(?:0{1,4}:){5}/.test(pattern)
  )
}
