import { randomInt, randomUUID } from 'node:crypto'
import type { EntityDefinition } from './entity.ts'

const alphanumerics = 'abcdefghijklmnopqrstuvwxyz0123456789'
const mixedCase = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${alphanumerics}`

/** A new id of the kind: `route_<uuid>` in env `prod`, `route_<env>_<uuid>` elsewhere. */
export function newId(definition: Pick<EntityDefinition, 'idPrefix'>, env = 'prod'): string {
  if (definition.idPrefix === '') return randomUUID()
  return env === 'prod'
    ? `${definition.idPrefix}_${randomUUID()}`
    : `${definition.idPrefix}_${env}_${randomUUID()}`
}

/** Random lower case letters and digits, from the system's secure source. */
export function randomToken(length: number): string {
  return pick(alphanumerics, length)
}

/** Random letters of both cases and digits. */
export function randomPassword(length: number): string {
  return pick(mixedCase, length)
}

function pick(alphabet: string, length: number): string {
  let out = ''
  for (let i = 0; i < length; i++) out += alphabet[randomInt(alphabet.length)]
  return out
}
