/**
 * Passwords in clear in an export, as somebody writes it by hand: hashed before anything is compared or written.
 *
 * Guarantees: after it no password of the import is in clear, or the import has a fault that says which.
 */
import type { Incoming } from '../control/transfer/incoming.ts'
import type { IncomingEntity } from '../control/replacement.ts'
import type { EntityDefinition } from '../model/entity.ts'
import {
  holdsPasswords,
  isClear,
  isPasswordHash,
  MOST_BYTES,
  mapPasswords,
  type PasswordPlace,
  passwordFault,
  passwordsIn,
} from '../model/passwords.ts'
import { MOST_CLEAR } from './password-writes.ts'

type Json = Record<string, unknown>

export interface Hashing {
  hash(password: string): Promise<string>
  /** Absent: the same password again gets another hash. */
  matches?(password: string, hash: string): Promise<boolean>
  /** The entity that is there, or null. */
  stored(definition: EntityDefinition, id: string): Json | null
}

/** Hashes what is in clear. Empty texts and hashes that are too dear stay: nobody can log in with them. */
export async function hashImported(incoming: Incoming, hashing: Hashing): Promise<void> {
  let left = MOST_CLEAR
  for (const [key, one] of incoming.entities) {
    if (!holdsPasswords(one.definition)) continue
    const entity = JSON.parse(one.json) as Json
    const places = passwordsIn(one.definition, entity).filter(isClearText)
    if (places.length === 0) continue
    left -= places.length
    const fault = left < 0 ? `more than ${MOST_CLEAR} passwords are in clear` : faultOf(places)
    if (fault !== null) {
      incoming.fault(`${one.definition.kind} ${one.id}`, `${fault}: give bcrypt hashes`)
      return
    }
    incoming.entities.set(key, await hashed(one, entity, places, hashing))
  }
}

function isClearText(place: PasswordPlace): boolean {
  return isClear(place) && place.text !== '' && !/^\$2[a-z]?\$\d\d\$.{53}$/.test(place.text)
}

function faultOf(places: readonly PasswordPlace[]): string | null {
  const bad = places.find(place => passwordFault(place) !== null)
  return bad === undefined ? null : `${bad.path} is longer than the ${MOST_BYTES} bytes that bcrypt sees`
}

async function hashed(
  one: IncomingEntity,
  entity: Json,
  places: readonly PasswordPlace[],
  { hash, matches, stored }: Hashing,
): Promise<IncomingEntity> {
  const before = stored(one.definition, one.id)
  const known = new Map(
    before === null ? [] : passwordsIn(one.definition, before).map(({ id, text }) => [id, text]),
  )
  const hashes = new Map<string, string>()
  for (const { id, text } of places) {
    const old = known.get(id)
    const same =
      old !== undefined && isPasswordHash(old) && matches !== undefined && (await matches(text, old))
    hashes.set(id, same ? old : await hash(text))
  }
  const sealed = mapPasswords(one.definition, entity, place =>
    isClearText(place) ? (hashes.get(place.id) ?? place.text) : place.text,
  )
  return { ...one, json: JSON.stringify(sealed) }
}
