/**
 * Lists of client addresses: single ones, networks (`10.0.0.0/8`) and patterns (`10.0.*`).
 *
 * Guarantees: the cost of a look-up depends on the number of different network sizes, not of entries (patterns with `*`
 * elsewhere than at the end excepted); a text that is no address is never taken for one. IPv4 and IPv6 networks do not
 * contain each other's addresses; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is an IPv4 address.
 */
import { addressPattern } from './address-pattern.ts'
import { type IpAddress, network, readAddress, readClientAddress, writtenForms } from './ip-address.ts'

/** True when the address is on the list; null when the text is no address. */
export type AddressList = (client: string) => boolean | null

/** An entry is no address, network or pattern. */
export class BadAddress extends Error {
  constructor(entry: string) {
    super(`${JSON.stringify(entry.slice(0, 100))} is no IP address, network or pattern`)
    this.name = 'BadAddress'
  }
}

/** Networks of one address family, by their size in bits. */
type Networks = Map<number, Set<number | bigint>>

/** Compiles a list. Throws `BadAddress`: an entry that cannot be read must not be passed over. */
export function addressList(entries: readonly string[]): AddressList {
  const networks: Record<32 | 128, Networks> = { 32: new Map(), 128: new Map() }
  const patterns: ((written: string) => boolean)[] = []
  const add = (address: IpAddress, bits: number): void => {
    const sized = networks[address.width]
    const known = sized.get(bits) ?? new Set()
    sized.set(bits, known.add(network(address, bits)))
  }
  for (const given of entries) {
    const entry = given.trim()
    if (entry.includes('*')) {
      const pattern = addressPattern(entry)
      if (pattern === null) throw new BadAddress(given)
      if (pattern.kind === 'text') patterns.push(pattern.matches)
      else for (const [address, bits] of pattern.networks) add(address, bits)
    } else {
      const block = readNetwork(entry)
      if (block === null) throw new BadAddress(given)
      add(block.address, block.bits)
    }
  }
  return client => {
    const address = readClientAddress(client)
    if (address === null) return null
    for (const [bits, known] of networks[address.width]) if (known.has(network(address, bits))) return true
    if (patterns.length === 0) return false
    const written = writtenForms(address)
    return patterns.some(matches => written.some(matches))
  }
}

/** An address, or an address and a number of bits (RFC 4632, 3.1); bits behind the prefix do not count. */
function readNetwork(entry: string): { readonly address: IpAddress; readonly bits: number } | null {
  const slash = entry.indexOf('/')
  const written = slash < 0 ? entry : entry.slice(0, slash)
  const address = readAddress(written)
  // A zone says on which link an address is, not which one it is.
  if (address === null || written.includes('%')) return null
  if (slash < 0) return { address, bits: address.width }
  const size = entry.slice(slash + 1)
  if (!/^\d{1,3}$/.test(size)) return null
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  const bits = Number(size) - (written.includes(':') && address.width === 32 ? 96 : 0)
  return bits < 0 || bits > address.width ? null : { address, bits }
}
