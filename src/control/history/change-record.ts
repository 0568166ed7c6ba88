/**
 * What is recorded of a change: who, when, from where, what. The entity before and after stands beside it.
 *
 * A change of one entity has a record of its own. An import is one change of many entities: one record in the log, and for
 * each entity the part it has in it.
 */
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

/** What is said of the entity on each side of a change; null where there was none. */
export interface Sides<T> {
  readonly before: T | null
  readonly after: T | null
}

type Json = Readonly<Record<string, unknown>>

/** What happened to one entity. */
export interface EntityChange {
  readonly kind: string
  readonly id: string
  /** Key of the entity without the storage root. */
  readonly place: string
  /** Where it was before, of an entity whose key has changed (a team that went to another organization). */
  readonly left?: string
  readonly action: ChangeAction
  /** What rights look at, so that no entity has to be read to know who may see the change. */
  readonly owners: Sides<Json>
  /** Digests of the texts: those of two changes tell whether somebody wrote between them. */
  readonly digests: Sides<string>
}

interface Made extends ChangeOrigin {
  /** Unique in the store; a later change has a greater one. */
  readonly number: number
  /** Epoch milliseconds. */
  readonly at: number
  /** Revision of the instance that wrote it. Revisions start anew with each process. */
  readonly revision: number
}

/** A change of one entity, be it by itself or a part of an import. */
export interface ChangeRecord extends Made, EntityChange {
  /** True for a part of an import. */
  readonly imported?: boolean
}

/** Entities that an import has changed. */
export interface ImportCounts {
  readonly created: number
  readonly updated: number
  readonly removed: number
}

/** An import, or what took one back. */
export interface ImportRecord extends Made, ImportCounts {
  readonly action: 'import'
}

/** What the log of an instance holds. */
export type LogRecord = ChangeRecord | ImportRecord

/** A change made by the gateway itself. */
export const ownOrigin: ChangeOrigin = { clientId: null, user: null, from: null }

/** The record in a stored text, or null when somebody else wrote it there. */
export function readRecord(text: string | null): LogRecord | null {
  const value = jsonOf(text)
  return isMade(value) && (isImport(value) || isEntityChange(value)) ? (value as unknown as LogRecord) : null
}

/** The part of an entity in an import, or null. */
export function readPart(text: string): EntityChange | null {
  const value = jsonOf(text)
  return isObject(value) && isEntityChange(value) ? (value as unknown as EntityChange) : null
}

function jsonOf(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isMade(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false
  const { number, at, revision, user, clientId, from } = value
  return (
    [number, at, revision].every(Number.isSafeInteger) &&
    (user === null || isObject(user)) &&
    [clientId, from].every(isTextOrNull)
  )
}

function isImport({ action, created, updated, removed }: Record<string, unknown>): boolean {
  return action === 'import' && [created, updated, removed].every(Number.isSafeInteger)
}

function isEntityChange(value: Record<string, unknown>): boolean {
  const { kind, id, place, left, action, owners, digests } = value
  return (
    [kind, id, place].every(part => typeof part === 'string') &&
    (left === undefined || typeof left === 'string') &&
    (action === 'create' || action === 'update' || action === 'delete') &&
    isObject(owners) &&
    [owners['before'], owners['after']].every(side => side === null || isObject(side)) &&
    isObject(digests) &&
    [digests['before'], digests['after']].every(isTextOrNull)
  )
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}
