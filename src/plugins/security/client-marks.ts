/** Lists of clients by their identifier or address: `name*`, `Ip(10.0.*)`, `Cidr(10.0.0.0/8)`. */
import { wildcard } from '../../expression/index.ts'
import { addressList } from '../address-list.ts'

/** Whether the list names the client. */
export type ClientMarks = (identifier: string, address: string) => boolean

/** Compiles a list. Throws on an address or network that is none. */
export function clientMarks(entries: readonly string[]): ClientMarks {
  const addresses: string[] = []
  const patterns: ((text: string) => boolean)[] = []
  for (const entry of entries) {
    const [, inner] = /^\s*(?:Ip|Cidr)\((.*)\)\s*$/.exec(entry) ?? []
    if (inner === undefined) patterns.push(wildcard(entry))
    else addresses.push(inner)
  }
  const listed = addresses.length === 0 ? () => false : addressList(addresses)
  return (identifier, address) => patterns.some(matches => matches(identifier)) || listed(address) === true
}
