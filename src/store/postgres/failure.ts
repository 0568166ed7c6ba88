/** What went wrong between the store and PostgreSQL, in the words of the store's contract. */
import { StoreFull, StoreUnavailable } from '../contract.ts'

/** The rows changed between two statements of a transaction: it is to be done again. */
export class Outrun extends Error {
  constructor() {
    super('others wrote the same keys meanwhile')
    this.name = 'Outrun'
  }
}

/** The code of an error the server answered (SQLSTATE), or null: the connection failed. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' &&
    /^[0-9A-Z]{5}$/.test(code) &&
    error !== null &&
    'severity' in Object(error)
    ? code
    : null
}

/** The server rolled back, and the same work may succeed at once: serialization failure, deadlock. */
export function mayRetry(error: unknown): boolean {
  const state = sqlState(error)
  return error instanceof Outrun || state === '40001' || state === '40P01'
}

/** Wraps anything; `action` completes "PostgreSQL cannot be used to …". */
export function unavailable(action: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const full = sqlState(error) === '53100'
  return new (full ? StoreFull : StoreUnavailable)(
    `PostgreSQL cannot be used to ${action}: ${reasonOf(error)}`,
    error,
  )
}

/** Waiting a moment may help: the server starts or has no connection left, or nobody listens yet. */
export function mayPass(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== null) return state === '57P03' || state === '53300'
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^(?:ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENOENT)$/.test(code)
}

/** In one line. */
export function reasonOf(error: unknown): string {
  // Several addresses of one name: the first error tells.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0]!.slice(0, 300)
}
