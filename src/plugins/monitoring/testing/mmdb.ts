/** Databases of MaxMind's format (version 2.0), made for tests. */

export type MmdbValue =
  | string
  | number
  | boolean
  | readonly MmdbValue[]
  | { readonly [name: string]: MmdbValue }

/** A database that knows one record, for the IPv4 network of `bits` bits. */
export function mmdbOf(network: string, bits: number, record: MmdbValue): Buffer {
  const address = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  // One node for each bit; the other way leads nowhere, the last one to the data.
  const nodes = Buffer.alloc(bits * 6)
  for (let bit = 0; bit < bits; bit++) {
    const right = Math.floor(address / 2 ** (31 - bit)) % 2 === 1
    const next = bit === bits - 1 ? bits + 16 : bit + 1
    nodes.writeUIntBE(right ? bits : next, bit * 6, 3)
    nodes.writeUIntBE(right ? next : bits, bit * 6 + 3, 3)
  }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: 'Test-City',
    description: { en: 'test' },
    ip_version: 4,
    languages: ['en'],
    node_count: bits,
    record_size: 24,
  }
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([nodes, Buffer.alloc(16), encode(record), marker, encode(metadata)])
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([control(2, bytes.length), bytes])
  }
  if (typeof value === 'boolean') return control(14, value ? 1 : 0)
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? whole(value) : double(value)
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value as { readonly [name: string]: MmdbValue })
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, inner]) => [encode(name), encode(inner)]),
  ])
}

function whole(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return Buffer.concat([control(6, 4), bytes])
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return Buffer.concat([control(3, 8), bytes])
}

/** Type and size; types above 7 stand in a second byte. Sizes up to 284. */
function control(type: number, size: number): Buffer {
  const short = size < 29 ? size : 29
  const first = type <= 7 ? [(type << 5) | short] : [short, type - 7]
  return Buffer.from(size < 29 ? first : [...first, size - 29])
}
