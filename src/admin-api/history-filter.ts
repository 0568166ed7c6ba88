/** Which changes of the instance a query asks for. */
import type { LogRecord } from '../control/history/change-record.ts'
import { findByName } from '../model/registry.ts'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'

export interface HistoryFilter {
  accepts(record: LogRecord): boolean
  /** Epoch milliseconds, or null. */
  readonly since: number | null
  readonly until: number | null
}

/** Reads `kind`, `id`, `action`, `client_id`, `user`, `actor`, `since` and `until`. Throws 400. */
export function filterOf(call: Call): HistoryFilter {
  const text = (name: string) => call.query.get(name) || null
  const named = text('kind')
  const kind = named === null ? null : (findByName(named)?.kind ?? named)
  const [id, action, client, user, actor] = ['id', 'action', 'client_id', 'user', 'actor'].map(text)
  const [since, until] = [timeOf(text('since'), 'since'), timeOf(text('until'), 'until')]
  const ofEntity = (record: LogRecord) =>
    (kind === null && id === null) ||
    (record.action !== 'import' &&
      (kind === null || record.kind === kind) &&
      (id === null || record.id === id))
  const accepts = (record: LogRecord) => {
    const users = [record.user?.name, record.user?.email]
    return (
      ofEntity(record) &&
      (action === null || record.action === action) &&
      (client === null || record.clientId === client) &&
      (user === null || users.includes(user)) &&
      (actor === null || [record.clientId, ...users].includes(actor)) &&
      (since === null || record.at >= since) &&
      (until === null || record.at <= until)
    )
  }
  return { accepts, since, until }
}

/** Epoch milliseconds, or a date as ISO 8601 writes it. */
function timeOf(text: string | null, name: string): number | null {
  if (text === null) return null
  const time = /^\d{1,13}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (!(time >= 0 && time < 8e12)) throw badRequest([`${name}: Expected a date or epoch milliseconds`])
  return time
}
