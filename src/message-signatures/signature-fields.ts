/** The fields `Signature-Input` and `Signature` (RFC 9421, 4). */
import { type InnerList, isInnerList, parseDictionary } from 'structured-headers'
import type { HeaderBlock } from '../http/headers.ts'
import { SignatureFault } from './fault.ts'

/** Characters of both fields together that are read. */
const LONGEST = 16_384
/** Signatures of one message that are looked at. */
const MOST = 8

export interface SignatureParameters {
  /** Seconds since 1970; null: not said. */
  readonly created: number | null
  readonly expires: number | null
  readonly keyid: string | null
  readonly alg: string | null
  readonly nonce: string | null
  readonly tag: string | null
}

/** A signature of a message, not verified. */
export interface Candidate {
  readonly label: string
  /** Components and parameters as they were sent. */
  readonly covered: InnerList
  readonly parameters: SignatureParameters
  readonly signature: Uint8Array
}

/** The signatures of a message; none when it has neither field. Throws `SignatureFault` when the fields cannot be read. */
export function readCandidates(headers: HeaderBlock): Candidate[] {
  const inputs = headers.getAll('signature-input')
  const values = headers.getAll('signature')
  if (inputs.length === 0 && values.length === 0) return []
  if (inputs.length === 0 || values.length === 0)
    throw new SignatureFault('Signature-Input and Signature belong together')
  const [input, signature] = [inputs.join(', '), values.join(', ')]
  if (input.length + signature.length > LONGEST)
    throw new SignatureFault('the fields of signatures are too long')
  const covered = read('Signature-Input', input)
  const signatures = read('Signature', signature)
  if (covered.size > MOST) throw new SignatureFault('there are too many signatures')
  return [...covered].map(([label, member]) => {
    const value = signatures.get(label)?.[0]
    if (!isInnerList(member)) throw new SignatureFault('a member of Signature-Input is no list of components')
    if (!(value instanceof ArrayBuffer))
      throw new SignatureFault('a signature is missing or no byte sequence')
    return { label, covered: member, parameters: parametersOf(member), signature: new Uint8Array(value) }
  })
}

function read(name: string, text: string): ReturnType<typeof parseDictionary> {
  try {
    return parseDictionary(text)
  } catch {
    throw new SignatureFault(`${name} is no structured field`)
  }
}

function parametersOf([, parameters]: InnerList): SignatureParameters {
  const time = (name: string): number | null => {
    const value = parameters.get(name)
    if (value === undefined) return null
    if (typeof value === 'number' && Number.isInteger(value)) return value
    throw new SignatureFault(`the parameter ${name} is no whole number`)
  }
  const text = (name: string): string | null => {
    const value = parameters.get(name)
    if (value === undefined) return null
    if (typeof value === 'string') return value
    throw new SignatureFault(`the parameter ${name} is no string`)
  }
  return {
    created: time('created'),
    expires: time('expires'),
    keyid: text('keyid'),
    alg: text('alg'),
    nonce: text('nonce'),
    tag: text('tag'),
  }
}
