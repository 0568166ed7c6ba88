/** The shared suite on PostgreSQL: as its owner, with the few rights a gateway needs, over TLS with a certificate. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import type { Store } from './contract.ts'
import type { PostgresTarget } from './postgres/target.ts'
import { openPostgresStore } from './postgres.ts'
import { makePostgresCertificates, type PostgresCertificates } from './testing/postgres-certificates.ts'
import { postgresMissing, TestPostgres } from './testing/postgres-server.ts'
import { storeSuite } from './testing/suite.ts'

const open = (target: PostgresTarget): Promise<Store> =>
  openPostgresStore({ target, root: 'otoroshi', lookEvery: 5000 })

describe('postgres', { skip: postgresMissing }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-store-'))
  let server: TestPostgres
  let files: PostgresCertificates | null
  let count = 0
  const schema = () => `s${count++}`

  before(async () => {
    files = makePostgresCertificates(directory, 'certified')
    server = await TestPostgres.start(files === null ? {} : { tls: files.server })
    await server.sql("CREATE USER gate PASSWORD 'gate'; CREATE USER certified SUPERUSER")
  })
  after(async () => {
    await server?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  storeSuite('postgresql', () => open(server.target({ schema: schema() })))

  storeSuite('postgresql with few rights on a table of another owner', async () => {
    const target = server.target({ schema: schema() })
    await (await open(target)).close()
    await server.sql(
      `GRANT USAGE ON SCHEMA ${target.schema} TO gate;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ${target.schema}.entities TO gate`,
    )
    return open({ ...target, user: 'gate', password: 'gate' })
  })

  storeSuite('postgresql over TLS with a client certificate', async t => {
    if (files === null) {
      t.skip('openssl is not installed')
      return (await import('./memory.ts')).createMemoryStore()
    }
    const path = (file: string) => ({ pem: null, path: file })
    const tls = { mode: 'verify-full', trustAll: false, ca: path(files.server.ca) } as const
    const shown = { cert: path(files.user.cert), key: path(files.user.key) }
    return open(
      server.target({ schema: schema(), user: 'certified', password: '', tls: { ...tls, ...shown } }),
    )
  })
})
