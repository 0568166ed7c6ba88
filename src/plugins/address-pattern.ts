/** Addresses with `*` in them, which stands for any text, dots and colons included. */
import { guardedRegex } from '../expression/index.ts'
import { type IpAddress, readAddress } from './ip-address.ts'

/** What a pattern comes to: networks where it can be said so, or a test of the written address. */
export type AddressPattern =
  | { readonly kind: 'networks'; readonly networks: readonly (readonly [IpAddress, number])[] }
  | { readonly kind: 'text'; readonly matches: (written: string) => boolean }

const everyone: AddressPattern = {
  kind: 'networks',
  networks: [
    [readAddress('0.0.0.0')!, 0],
    [readAddress('::')!, 0],
  ],
}

/** Compiles a pattern. Null when no address could ever match it. */
export function addressPattern(entry: string): AddressPattern | null {
  const pattern = entry.toLowerCase().replace(/^(?:::|(?:0{1,4}:){5})ffff:(?=[\d*]+\.)/, '')
  if (/^\*+$/.test(pattern)) return everyone
  if (pattern.includes(':')) return groupPattern(pattern)
  return /^[\d.*]+$/.test(pattern) && possibleOctets(pattern) ? leadingOctets(pattern) : null
}

/** Every run of digits fits into an octet, and there are not too many octets. */
function possibleOctets(pattern: string): boolean {
  const octets = pattern.split('.')
  return (
    octets.length <= 4 &&
    octets.every(octet => octet !== '' && !/^0\d/.test(octet)) &&
    (pattern.match(/\d+/g) ?? []).every(run => run.length <= 3 && Number(run) <= 255)
  )
}

/** `10.1.*` and `10.1.*.*` are the network 10.1.0.0/16. */
function leadingOctets(pattern: string): AddressPattern {
  const octets = pattern.split('.')
  const fixed = octets.findIndex(octet => octet.includes('*'))
  if (fixed > 0 && octets.slice(fixed).every(octet => octet === '*')) {
    const address = readAddress([...octets.slice(0, fixed), '0', '0', '0'].slice(0, 4).join('.'))!
    return { kind: 'networks', networks: [[address, fixed * 8]] }
  }
  return textPattern(pattern)
}

function groupPattern(given: string): AddressPattern | null {
  // Addresses are written without leading zeros.
  const pattern = given.replace(/(?<![\da-f*])0+(?=[\da-f])/g, '')
  const groups = pattern.split(':')
  // An IPv4 address, which is written with dots.
  if (/^(?:::|(?:0:){5})ffff:/.test(pattern)) return null
  const possible =
    /^[\da-f:*]+$/.test(pattern) &&
    groups.length <= 9 &&
    groups.every(group => (group.match(/[\da-f]+/g) ?? []).every(run => run.length <= 4)) &&
    !/:::|::.*::|^:[^:]|[^:]:$/.test(pattern)
  if (!possible) return null
  const fixed = groups.findIndex(group => group.includes('*'))
  if (fixed > 0 && !pattern.includes('::') && groups.slice(fixed).every(group => group === '*')) {
    const address = readAddress([...groups.slice(0, fixed), ...new Array(8 - fixed).fill('0')].join(':'))
    if (address === null || groups.length > 8) return null
    return address.width === 128 ? { kind: 'networks', networks: [[address, fixed * 16]] } : null
  }
  return textPattern(pattern)
}

function textPattern(pattern: string): AddressPattern {
  const regex = guardedRegex(pattern.replaceAll('.', '\\.').replace(/\*+/g, '.*'))
  return { kind: 'text', matches: written => regex.matchesWhole(written) }
}
