/**
 * Writes of kinds that hold passwords. Hashing takes its time and a change is decided at once, so a change is looked at
 * first for what it would store in clear, and asked for when the hashes are there. Such writes go one after another: a
 * later one sees what an earlier one did, and many passwords at once do not fill the process.
 */
import type { ControlPlane } from '../control/control-plane.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isPasswordHash, mapPasswords, passwordFault } from '../model/passwords.ts'
import { ApiError, badRequest, notBuilt } from './api-error.ts'
import type { Call } from './call.ts'

/** Puts hashes in the place of clear passwords; `current` is what is stored under the same id. */
export type Seal = (input: Record<string, unknown>, current: IndexedEntity | null) => Record<string, unknown>

/** For kinds without passwords. */
export const unsealed: Seal = input => input

const turns = new WeakMap<ControlPlane, Promise<unknown>>()

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
    const clear: [password: string, stored: string | null][] = []
    look((input, current) => {
      const stored = current?.view()
      return mapPasswords(definition, input, (text, field) => {
        const fault = passwordFault(text)
        if (fault !== null) throw badRequest([`${field}: ${fault}`], 'admin.invalid_entity')
        const before = stored?.[field]
        if (!isPasswordHash(text)) clear.push([text, typeof before === 'string' ? before : null])
        return text
      })
    })
    const hashes = new Map<string, string>()
    for (const [password, stored] of clear) hashes.set(password, await hashOf(call, password, stored))
    return make(input => mapPasswords(definition, input, text => sealedText(text, hashes)))
  })
  const settled = mine.then(ignore, ignore)
  turns.set(control, settled)
  return mine
}

function ignore(): void {}

// The same password again is no change: its hash stays.
async function hashOf({ services }: Call, password: string, stored: string | null): Promise<string> {
  if (services.hashPassword === undefined) throw notBuilt('keeping passwords')
  const known = stored !== null && isPasswordHash(stored)
  if (known && (await services.passwordMatches?.(password, stored))) return stored
  return services.hashPassword(password)
}

function sealedText(text: string, hashes: ReadonlyMap<string, string>): string {
  if (isPasswordHash(text)) return text
  const hash = hashes.get(text)
  // Somebody wrote between the look and the change, and what is written now comes from that.
  if (hash === undefined)
    throw new ApiError(409, 'admin.conflict', 'conflict', 'others kept writing the same entity, try again')
  return hash
}
