/**
 * Writes of kinds that hold passwords. Hashing takes its time and a change is decided at once, so a change is looked at
 * first for what it would store in clear, and asked for when the hashes are there. Such writes go one after another: a
 * later one sees what an earlier one did, and many passwords at once do not fill the process.
 */
import type { ControlPlane } from '../control/control-plane.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import {
  isClear,
  isPasswordHash,
  mapPasswords,
  type PasswordPlace,
  passwordFault,
  passwordsIn,
} from '../model/passwords.ts'
import { ApiError, badRequest, notBuilt } from './api-error.ts'
import type { Call } from './call.ts'

/** Puts hashes in the place of clear passwords; `current` is what is stored under the same id. */
export type Seal = (input: Record<string, unknown>, current: IndexedEntity | null) => Record<string, unknown>

/** For kinds without passwords. */
export const unsealed: Seal = input => input

const turns = new WeakMap<ControlPlane, Promise<unknown>>()

/** Passwords in clear that one write may bring: each costs a tenth of a second. */
export const MOST_CLEAR = 100

interface Clear {
  readonly place: PasswordPlace
  /** What is stored of the same person, or null. */
  readonly stored: string | null
}

/**
 * Makes a write of a kind with passwords: `look` decides it for nothing, so that its passwords are known (what it throws
 * refuses the write), `make` makes it.
 */
export function writeSealed<T>(
  call: Call,
  definition: EntityDefinition,
  look: (seal: Seal) => void,
  make: (seal: Seal) => Promise<T>,
): Promise<T> {
  const { control } = call.services
  const mine = (turns.get(control) ?? Promise.resolve()).then(async () => {
    const clear: Clear[] = []
    look((input, current) => {
      clear.push(...clearIn(definition, input, current?.view() ?? null))
      return input
    })
    const hashes = new Map<string, string>()
    for (const { place, stored } of clear) hashes.set(keyOf(place), await hashOf(call, place.text, stored))
    return make(input => mapPasswords(definition, input, place => sealed(place, hashes)))
  })
  const settled = mine.then(ignore, ignore)
  turns.set(control, settled)
  return mine
}

function ignore(): void {}

function clearIn(
  definition: EntityDefinition,
  input: Record<string, unknown>,
  current: Record<string, unknown> | null,
): Clear[] {
  const places = passwordsIn(definition, input)
  // A field of the entity itself must hold one; nobody in a list must.
  const fault = places.filter(isClear).map(place => [place.path, passwordFault(place)] as const)
  const bad = fault.filter(([, why]) => why !== null).map(([path, why]) => `${path}: ${why}`)
  if (bad.length > 0) throw badRequest(bad.slice(0, MOST_CLEAR), 'admin.invalid_entity')
  if (fault.length > MOST_CLEAR)
    throw badRequest(
      [`More than ${MOST_CLEAR} passwords in clear: send bcrypt hashes`],
      'admin.invalid_entity',
    )
  const known = new Map(
    current === null ? [] : passwordsIn(definition, current).map(({ id, text }) => [id, text]),
  )
  return places.filter(isClear).map(place => ({ place, stored: known.get(place.id) ?? null }))
}

// Two people with the same password have hashes of their own.
function keyOf({ id, text }: PasswordPlace): string {
  return JSON.stringify([id, text])
}

// The same password again is no change: its hash stays.
async function hashOf({ services }: Call, password: string, stored: string | null): Promise<string> {
  if (services.hashPassword === undefined) throw notBuilt('keeping passwords')
  const known = stored !== null && isPasswordHash(stored)
  if (known && (await services.passwordMatches?.(password, stored))) return stored
  return services.hashPassword(password)
}

function sealed(place: PasswordPlace, hashes: ReadonlyMap<string, string>): string {
  if (!isClear(place)) return place.text
  const hash = hashes.get(keyOf(place))
  // Somebody wrote between the look and the change, and what is written now comes from that.
  if (hash === undefined)
    throw new ApiError(409, 'admin.conflict', 'conflict', 'others kept writing the same entity, try again')
  return hash
}
