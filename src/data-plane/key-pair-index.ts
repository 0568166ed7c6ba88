/**
 * Key pairs by certificate id: read when first used, kept while the certificate does not change, bounded in number.
 *
 * Ids come from tokens of clients, so nothing is kept for an id without a certificate, and a private key is read only for who
 * signs.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type Certificate, certificate as certificateKind } from '../model/kinds/certificate.ts'
import { readEntityText } from '../model/read.ts'
import type { KeyPairSource, KeyPairView } from '../plugin/contract.ts'

/** Parsed keys kept; the one read first goes first. */
const MOST_PARSED = 1_000

interface Parsed {
  /** Null: it cannot be read, or is revoked. */
  readonly view: KeyPairView | null
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** Undefined: nobody has asked for it. Null: it cannot be read, or is that of another public key. */
  privateKey?: KeyObject | null
}

export class KeyPairIndex implements KeyPairSource {
  readonly #text: (id: string) => string | undefined
  readonly #parsed = new Map<string, Parsed>()
  readonly #now: () => number
  readonly #all: () => ReadonlyMap<string, string>
  #published: readonly string[] | null = null

  /** `text`: stored text of a certificate, or undefined; `all`: all of them by id. */
  constructor(
    text: (id: string) => string | undefined,
    now: () => number = Date.now,
    all: () => ReadonlyMap<string, string> = () => new Map(),
  ) {
    this.#text = text
    this.#now = now
    this.#all = all
  }

  published(): readonly string[] {
    // Texts say it with or without spaces: which ones really do is asked below.
    this.#published ??= [...this.#all()]
      .filter(([, text]) => /"exposed"\s*:\s*true/.test(text))
      .map(([id]) => id)
    return this.#published.filter(id => this.find(id)?.exposed === true)
  }

  find(id: string): KeyPairView | null {
    return this.#valid(id)?.view ?? null
  }

  signingKey(id: string, tenant: string): KeyObject | null {
    const known = this.#valid(id)
    if (known === null || known.view === null || known.view.tenant !== tenant) return null
    if (known.privateKey === undefined) known.privateKey = this.#privateKey(id, known.view)
    return known.privateKey
  }

  #valid(id: string): Parsed | null {
    const known = this.#parsed.get(id) ?? this.#read(id)
    if (known === null) return null
    const now = this.#now()
    return now >= known.from && now < known.to ? known : null
  }

  #privateKey(id: string, { publicKey }: KeyPairView): KeyObject | null {
    const entity = readEntityText(certificateKind, this.#text(id) ?? '')
    if (!entity.ok || entity.value.privateKey.trim() === '') return null
    try {
      const { privateKey: key, password } = entity.value
      const made = createPrivateKey(password === null ? { key } : { key, passphrase: password })
      return createPublicKey(made).equals(publicKey) ? made : null
    } catch {
      return null
    }
  }

  #read(id: string): Parsed | null {
    const text = this.#text(id)
    if (text === undefined) return null
    if (this.#parsed.size >= MOST_PARSED) this.#parsed.delete(this.#parsed.keys().next().value!)
    const entity = readEntityText(certificateKind, text)
    const parsed = entity.ok && !entity.value.revoked ? parse(entity.value) : UNREADABLE
    this.#parsed.set(id, parsed)
    return parsed
  }

  /** The stored certificate changed. */
  forget(id: string): void {
    this.#published = null
    this.#parsed.delete(id)
  }
}

const UNREADABLE: Parsed = { view: null, from: 0, to: 0 }

function parse(entity: Certificate): Parsed {
  const about = { signsTokens: entity.keypair, exposed: entity.exposed, tenant: entity._loc.tenant }
  try {
    if (!entity.chain.includes('-----BEGIN CERTIFICATE-----'))
      return { view: { publicKey: createPublicKey(entity.chain), ...about }, ...ALWAYS }
    const { publicKey, validFromDate, validToDate } = new X509Certificate(entity.chain)
    return { view: { publicKey, ...about }, from: validFromDate.getTime(), to: validToDate.getTime() }
  } catch {
    return UNREADABLE
  }
}

/** A bare public key says nothing about its life. */
const ALWAYS = { from: 0, to: Number.POSITIVE_INFINITY }
