/** IP addresses in one form, however they are written: IPv4-mapped IPv6 is IPv4, zones are left out. */
import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** `value` holds the bits of the address as a number. */
export type IpAddress =
  | { readonly width: 32; readonly value: number }
  | { readonly width: 128; readonly value: bigint; readonly groups: readonly number[] }

/** Longest text that may be an address with brackets, zone and port. */
const MOST_CHARACTERS = 100

/**
 * Reads an address as RFC 6943, 3.1.1 calls "strict": four decimal octets without leading zeros, or RFC 4291 text. Null for
 * anything else: `127.1` and `0177.0.0.1` mean different hosts to different programs.
 */
export function readAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return { width: 32, value: ofOctets(text.split('.').map(Number)) }
  if (!isIPv6(text)) return null
  const percent = text.indexOf('%')
  const groups = ipaddr.IPv6.parse(inGroups(percent < 0 ? text : text.slice(0, percent))).parts
  const [high, low] = [groups[6]!, groups[7]!]
  if (groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0))
    return { width: 32, value: high * 65536 + low }
  return { width: 128, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n), groups }
}

/** The address of a client: as `readAddress`, or with a port behind it, as some proxies write it. */
export function readClientAddress(text: string): IpAddress | null {
  if (text.length > MOST_CHARACTERS) return null
  const plain = readAddress(text)
  if (plain !== null) return plain
  const parts = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text) ?? /^([\d.]+):\d{1,5}$/.exec(text)
  return parts === null ? null : readAddress(parts[1]!)
}

/** The texts a person may know the address by: dotted; or the short form of RFC 5952 and all eight groups. */
export function writtenForms(address: IpAddress): readonly string[] {
  if (address.width === 32) {
    const { value } = address
    return [`${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`]
  }
  const { groups } = address
  return [new ipaddr.IPv6([...groups]).toRFC5952String(), groups.map(group => group.toString(16)).join(':')]
}

/** The first `bits` bits of the address: a key of the network it is in. */
export function network(address: IpAddress, bits: number): number | bigint {
  return address.width === 32
    ? Math.floor(address.value / 2 ** (32 - bits))
    : address.value >> BigInt(128 - bits)
}

function ofOctets(octets: readonly number[]): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

/** A dotted end as two groups: the library would take `::1.2.3.4` for `::ffff:1.2.3.4`. */
function inGroups(text: string): string {
  return text.replace(/[\d.]+$/, tail => {
    if (!tail.includes('.')) return tail
    const value = ofOctets(tail.split('.').map(Number))
    return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
  })
}
