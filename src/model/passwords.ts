/**
 * Passwords inside entities: taken in clear or as a hash, kept as a bcrypt hash. Those in fields of the entity itself are
 * shown to nobody, and what is read and sent back without them keeps them. Those of the people in a list are answered as
 * hashes: upstream's clients copy such entities from one gateway to another.
 */
import type { EntityDefinition } from './entity.ts'
import { isObject } from './types/shape.ts'

type Json = Readonly<Record<string, unknown>>
type WithPasswords = Pick<EntityDefinition, 'passwords' | 'people' | 'variants'>

/** Bytes of a password that bcrypt looks at. */
export const MOST_BYTES = 72

// Up to 2^16 rounds: comparing with a dearer hash would keep the gateway busy for whoever stored it.
const HASH = /^\$2[aby]?\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/
/** A reference to a vault or a setting: resolved elsewhere. */
const EXPRESSION = /^\$\{[^}]+\}$/

/** A password in an entity. */
export interface PasswordPlace {
  readonly text: string
  /** The same for the same password of the same person, wherever in a list he is. */
  readonly id: string
  /** Where it is, for people. */
  readonly path: string
  /** It belongs to somebody in a list: there may be none. */
  readonly listed: boolean
}

/** True when entities of the kind may hold passwords. */
export function holdsPasswords({ passwords, people }: WithPasswords): boolean {
  return passwords !== undefined || people !== undefined
}

/** True for a bcrypt hash that is cheap enough to compare with. */
export function isPasswordHash(text: string): boolean {
  return HASH.test(text)
}

/** True for what is to be hashed before it is kept. */
export function isClear({ text, listed }: PasswordPlace): boolean {
  return !isPasswordHash(text) && !(listed && (text === '' || EXPRESSION.test(text)))
}

/** Why a clear password cannot be taken, or null. */
export function passwordFault({ text }: Pick<PasswordPlace, 'text'>): string | null {
  if (text === '') return 'Expected a password or its bcrypt hash'
  if (text.startsWith('$2') && text.length === 60) return 'Expected a bcrypt hash of 2^16 rounds at most'
  if (Buffer.byteLength(text) > MOST_BYTES) return `Expected at most ${MOST_BYTES} bytes: bcrypt sees no more`
  return null
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

/** Every password of the entity. */
export function passwordsIn(definition: WithPasswords, entity: Json): PasswordPlace[] {
  const places: PasswordPlace[] = []
  mapPasswords(definition, entity, place => {
    places.push(place)
    return place.text
  })
  return places
}

/** The entity with `replace` of every password. */
export function mapPasswords<T extends Json>(
  { passwords = [], people, variants }: WithPasswords,
  entity: T,
  replace: (place: PasswordPlace) => string,
): T {
  const changed: Record<string, unknown> = {}
  for (const field of passwords) {
    const text = entity[field]
    if (typeof text === 'string') changed[field] = replace({ text, id: field, path: field, listed: false })
  }
  const listed = people !== undefined && variants !== undefined && entity[variants.field] === people.variant
  const list = listed ? entity[people.list] : undefined
  if (people !== undefined && Array.isArray(list))
    changed[people.list] = list.map((person: unknown, i) => {
      const text = isObject(person) ? person[people.password] : undefined
      if (!isObject(person) || typeof text !== 'string') return person
      const id = JSON.stringify([people.list, person[people.name]])
      const path = `${people.list}.${i}.${people.password}`
      return { ...person, [people.password]: replace({ text, id, path, listed: true }) }
    })
  return { ...entity, ...changed }
}
