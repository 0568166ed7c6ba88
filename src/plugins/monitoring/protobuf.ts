/** The few kinds of protobuf fields that OTLP needs (protobuf encoding, wire types 0, 1 and 2). */

/** Field of a nested message, bytes or text. */
export function bytesField(number: number, content: Uint8Array | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes])
}

/** Field of a whole number, zero or more. */
export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number << 3)), varint(value)])
}

/** Field of 64 bits (`fixed64`). */
export function fixed64Field(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return Buffer.concat([varint(BigInt((number << 3) | 1)), bytes])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  while (value > 127n) {
    bytes.push(Number(value & 127n) | 128)
    value >>= 7n
  }
  bytes.push(Number(value))
  return Buffer.from(bytes)
}
