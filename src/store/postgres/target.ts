/** Which PostgreSQL a store speaks to: what the settings say of it. */
import type { PostgresTarget } from '../../config/postgres/target.ts'

export type { PemSource, PostgresTarget, PostgresTls } from '../../config/postgres/target.ts'

/** How messages name the place; never with a secret. */
export function placeOf({ host, port, database }: PostgresTarget): string {
  const server = host.includes(':') ? `[${host}]:${port}` : host.startsWith('/') ? host : `${host}:${port}`
  return `the database ${database} at ${server}`
}
