/** What went wrong with Redis, as one sentence without secrets. */
import { StoreFull, StoreUnavailable } from '../contract.ts'

/** `place`: see `placeOf`. A `StoreUnavailable` stays as it is. */
export function unavailable(place: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const reason = reasonOf(error)
  // A script that met it is told in a sentence of its own, with the code somewhere behind.
  const full = isReply(error) && /\bOOM\b/.test(reason)
  return new (full ? StoreFull : StoreUnavailable)(`Redis (${place}) cannot be used: ${reason}`, error)
}

/** The first line of what the server or the connection said. */
export function reasonOf(error: unknown): string {
  const cause = lastOf(error)
  const message = cause instanceof Error ? cause.message || nameOf(cause) : String(cause)
  return message.split('\n', 1)[0]!.slice(0, 300)
}

/** True where trying again cannot help: wrong password, missing right, a certificate that is not trusted. */
export function isFinal(error: unknown): boolean {
  return /WRONGPASS|NOAUTH|NOPERM|invalid password|without any password|certificate|Hostname\/IP/i.test(
    reasonOf(error),
  )
}

/** True for an answer of the server: the command did not run, or not to its end. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

// A cluster says only that it found no node; why is beside it.
function lastOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0]
  const last = (error as { lastNodeError?: unknown } | null)?.lastNodeError
  return last === undefined || last === null ? error : lastOf(last)
}

function nameOf(error: Error): string {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : error.name
}
