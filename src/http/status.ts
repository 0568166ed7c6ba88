// An import of `node:http` reads all that it exports, its WebSocket among that, which loads a whole second HTTP client.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** Reason phrase of a status, empty when it has none. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? ''
}

/** Statuses whose answers never have a body (RFC 9110, 6.4.1). */
export function bodyless(status: number): boolean {
  return status === 204 || status === 304 || status < 200
}

let date = ''
let dateExpires = 0

/** Value of `Date`, made once a second. */
export function httpDate(): string {
  const now = Date.now()
  if (now >= dateExpires) {
    dateExpires = now - (now % 1000) + 1000
    date = new Date(now).toUTCString()
  }
  return date
}
