/** One recorded change of an entity: who, when, from where, what. The entity before and after stand beside it. */
import { isObject } from '../../model/types/shape.ts'

export type ChangeAction = 'create' | 'update' | 'delete'

/** Why a change was made, when it was made from the history: the number of the change it goes back to, or takes back. */
export interface ChangeTrace {
  readonly restored?: number
  readonly undone?: number
}

/** Who asked for a change. */
export interface ChangeOrigin extends ChangeTrace {
  /** Client id of the API key, or null. */
  readonly clientId: string | null
  /** The user the call acted for, or null. */
  readonly user: { readonly name: string; readonly email: string } | null
  /** Address of the client, or null. */
  readonly from: string | null
}

export interface ChangeRecord extends ChangeOrigin {
  /** Unique in the store; a later change has a greater one. */
  readonly number: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly kind: string
  readonly id: string
  /** Key of the entity without the storage root. */
  readonly place: string
  /** Where it was before, of an entity whose key has changed (a team that went to another organization). */
  readonly left?: string
  readonly action: ChangeAction
  /** Revision of the instance that wrote it. Revisions start anew with each process. */
  readonly revision: number
}

/** A change made by the gateway itself. */
export const ownOrigin: ChangeOrigin = { clientId: null, user: null, from: null }

/** The record in a stored text, or null when somebody else wrote it there. */
export function readRecord(text: string | null): ChangeRecord | null {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is ChangeRecord {
  if (!isObject(value)) return false
  const { number, at, kind, id, place, action, user, clientId, from } = value
  const textOrNull = (part: unknown) => part === null || typeof part === 'string'
  return (
    Number.isSafeInteger(number) &&
    Number.isSafeInteger(at) &&
    [kind, id, place].every(part => typeof part === 'string') &&
    (action === 'create' || action === 'update' || action === 'delete') &&
    (user === null || isObject(user)) &&
    textOrNull(clientId) &&
    textOrNull(from)
  )
}
