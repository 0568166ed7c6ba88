/**
 * Passwords inside entities. A kind names the fields that hold them: they are taken in clear or as a hash, kept as a
 * bcrypt hash, and shown to nobody. What is read and sent back without them keeps them.
 */
import type { EntityDefinition } from './entity.ts'

type Json = Readonly<Record<string, unknown>>
type WithPasswords = Pick<EntityDefinition, 'passwords'>

/** Bytes of a password that bcrypt looks at. */
export const MOST_BYTES = 72

// Up to 2^16 rounds: comparing with a dearer hash would keep the gateway busy for whoever stored it.
const HASH = /^\$2[aby]?\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/

/** True for a bcrypt hash that is cheap enough to compare with. */
export function isPasswordHash(text: string): boolean {
  return HASH.test(text)
}

/** The entity as anybody may see it. */
export function withoutPasswords<T extends Json>({ passwords }: WithPasswords, entity: T): T {
  if (passwords === undefined || !passwords.some(field => Object.hasOwn(entity, field))) return entity
  return Object.fromEntries(Object.entries(entity).filter(([field]) => !passwords.includes(field))) as T
}

/** The sent entity with the stored password where it names none: absent, null or empty. */
export function withStoredPasswords<T extends Json>(
  { passwords }: WithPasswords,
  sent: T,
  stored: Json | null,
): T {
  if (passwords === undefined || stored === null) return sent
  const kept = passwords.filter(field => isMissing(sent[field]) && Object.hasOwn(stored, field))
  return kept.length === 0
    ? sent
    : { ...sent, ...Object.fromEntries(kept.map(field => [field, stored[field]])) }
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** Why a text cannot be taken as a password, or null. */
export function passwordFault(text: string): string | null {
  if (text === '') return 'Expected a password or its bcrypt hash'
  if (text.startsWith('$2') && text.length === 60 && !isPasswordHash(text))
    return 'Expected a bcrypt hash of 2^16 rounds at most'
  if (Buffer.byteLength(text) > MOST_BYTES) return `Expected at most ${MOST_BYTES} bytes: bcrypt sees no more`
  return null
}

/** The entity with `replace` of every text in a password field. */
export function mapPasswords<T extends Json>(
  { passwords }: WithPasswords,
  entity: T,
  replace: (text: string, field: string) => string,
): T {
  if (passwords === undefined) return entity
  const changed: Record<string, string> = {}
  for (const field of passwords) {
    const value = entity[field]
    if (typeof value === 'string') changed[field] = replace(value, field)
  }
  return { ...entity, ...changed }
}

/** The entity with its clear passwords hashed. Hashes and whatever cannot be a password stay as they are. */
export async function hashPasswords<T extends Json>(
  definition: WithPasswords,
  entity: T,
  hash: (password: string) => Promise<string>,
): Promise<T> {
  const hashes = new Map<string, string>()
  const clear = (text: string) => !isPasswordHash(text) && passwordFault(text) === null
  const found: string[] = []
  mapPasswords(definition, entity, text => {
    if (clear(text)) found.push(text)
    return text
  })
  for (const text of found) hashes.set(text, await hash(text))
  return mapPasswords(definition, entity, text => hashes.get(text) ?? text)
}
