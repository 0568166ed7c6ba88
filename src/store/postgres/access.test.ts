/** Who is let in, whom the store trusts, and what it says when it may not do what it needs. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { StoreUnavailable } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { makePostgresCertificates, type PostgresCertificates } from '../testing/postgres-certificates.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import type { PemSource, PostgresTarget, PostgresTls } from './target.ts'

describe('a PostgreSQL that is careful', { skip: postgresMissing }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-store-'))
  const files: PostgresCertificates | null =
    postgresMissing === false ? makePostgresCertificates(directory, 'certified') : null
  const noTls = files === null && 'openssl is not installed'
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start(files === null ? {} : { tls: files.server })
    await server.sql(
      `CREATE USER certified; CREATE USER secure PASSWORD 'secure'; CREATE USER plain PASSWORD 'plain';
       CREATE USER weak PASSWORD 'weak'; CREATE USER reader PASSWORD 'reader';
       CREATE USER late PASSWORD 'late' VALID UNTIL '2000-01-01';
       CREATE SCHEMA otoroshi; GRANT ALL ON SCHEMA otoroshi TO certified, secure, plain`,
    )
    await server.sql("CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    await works({ user: 'otoroshi' })
    await server.sql(
      `GRANT USAGE ON SCHEMA otoroshi TO reader; GRANT SELECT, INSERT ON otoroshi.entities TO reader;
       GRANT ALL ON otoroshi.entities TO certified, secure, plain`,
    )
  })
  after(async () => {
    await server?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const optionsOf = (changes: Partial<PostgresTarget>) => ({
    target: server.target({ connectTimeout: 20_000, queryTimeout: 20_000, ...changes }),
    root: 'otoroshi',
    lookEvery: 60_000,
  })

  async function works(changes: Partial<PostgresTarget>): Promise<void> {
    const store = await openPostgresStore(optionsOf(changes))
    await store.commit([{ key: 'works', value: 'yes' }])
    assert.equal(await store.get('works'), 'yes')
    await store.close()
  }

  /** One sentence that matches, and that says no secret. */
  async function refused(changes: Partial<PostgresTarget>, sentence: RegExp): Promise<void> {
    await assert.rejects(openPostgresStore(optionsOf(changes)), (error: Error) => {
      assert.ok(error instanceof StoreUnavailable, String(error))
      assert.match(error.message, sentence)
      assert.doesNotMatch(error.message, /\n|wrong-secret|PRIVATE/)
      return true
    })
  }

  test('a wrong password, a user nobody knows, a password that is too old', async () => {
    const sentence = (user: string) =>
      new RegExp(
        `^the database postgres at 127\\.0\\.0\\.1:\\d+ cannot be reached: password authentication failed for user "${user}"$`,
      )
    await refused({ password: 'wrong-secret' }, sentence('otoroshi'))
    await refused({ user: 'nobody', password: 'wrong-secret' }, sentence('nobody'))
    await refused({ user: 'late', password: 'late' }, sentence('late'))
  })

  test('a password that is changed while the gateway runs shows in what fails, and heals when it is put back', async () => {
    await server.sql("CREATE USER moody SUPERUSER PASSWORD 'before'")
    const store = await openPostgresStore(optionsOf({ user: 'moody', password: 'before', schema: 'moody' }))
    try {
      await server.sql("ALTER USER moody PASSWORD 'wrong-secret'")
      await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'moody'")
      const message = async () =>
        store.get('a').then(
          () => '',
          (error: Error) => error.message,
        )
      let said = await message()
      while (!said.includes('password')) said = await message()
      assert.equal(said, 'PostgreSQL cannot be used to read: password authentication failed for user "moody"')
      await server.sql("ALTER USER moody PASSWORD 'before'")
      assert.equal(await store.get('a'), null)
    } finally {
      await store.close()
    }
  })

  test('a database that does not exist, or holds another encoding', async () => {
    await refused(
      { database: 'nowhere' },
      /^the database nowhere at 127\.0\.0\.1:\d+ cannot be reached: database "nowhere" does not exist$/,
    )
    await refused(
      { database: 'western' },
      /^the database western at \S+ cannot be used: it is encoded as LATIN1, one that is encoded as UTF8 is needed$/,
    )
  })

  test('rights that are missing show at the start, by name', async () => {
    const weak = { user: 'weak', password: 'weak' }
    await refused(
      weak,
      /^the database postgres at \S+ cannot be used: permission denied for schema otoroshi$/,
    )
    await refused(
      { ...weak, schema: 'new' },
      /^the database postgres at \S+ cannot be used: permission denied for database postgres$/,
    )
    await server.sql('CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO weak')
    await refused({ ...weak, schema: 'closed' }, /cannot be used: permission denied for schema closed$/)
    await refused(
      { user: 'reader', password: 'reader' },
      /^the database postgres at \S+ cannot be used: the user reader may not UPDATE, DELETE in otoroshi\.entities$/,
    )
  })

  test('a table of somebody else, and one that cannot be written to', async () => {
    await server.sql('CREATE TABLE otoroshi.invoices (key text, amount int)')
    await refused({ table: 'invoices' }, /cannot be used: column "type" does not exist$/)
    await server.sql(
      "CREATE USER closed PASSWORD 'closed'; ALTER USER closed SET default_transaction_read_only = on",
    )
    await refused(
      { user: 'closed', password: 'closed' },
      /cannot be used: it takes no writes, since it is a standby or set to be read only$/,
    )
  })

  test('the directory of the socket in place of a name', () => works({ host: server.directory }))

  const file = (path: string | null): PemSource => ({ pem: null, path })
  const none = file(null)
  const tls = (mode: PostgresTls['mode'], more: Partial<PostgresTls> = {}): Partial<PostgresTarget> => ({
    tls: { mode, trustAll: false, ca: file(files!.server.ca), cert: none, key: none, ...more },
  })

  test('TLS: what each mode asks of the server', { skip: noTls }, async () => {
    const elsewhere = { host: '127.0.0.2' }
    const unknown = { ca: none }
    for (const mode of ['allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const) {
      await works(tls(mode))
      await works({ host: 'localhost', ...tls(mode) })
      const verifies = mode.startsWith('verify')
      if (verifies) await refused(tls(mode, unknown), /^the database .* cannot be reached: .*certificate/)
      else await works(tls(mode, unknown))
      await works(tls(mode, { ...unknown, trustAll: true }))
      if (mode === 'verify-full')
        await refused({ ...elsewhere, ...tls(mode) }, /cannot be reached: .*127\.0\.0\.2/)
      else await works({ ...elsewhere, ...tls(mode) })
    }
  })

  test('TLS: allow and prefer find the way the server takes, the others do not fall back', {
    skip: noTls,
  }, async () => {
    const secure = { user: 'secure', password: 'secure' }
    const plain = { user: 'plain', password: 'plain' }
    await refused(secure, /cannot be reached: pg_hba\.conf rejects connection/)
    await works({ ...secure, ...tls('allow') })
    await works({ ...plain, ...tls('prefer') })
    for (const mode of ['require', 'verify-ca', 'verify-full'] as const)
      await refused({ ...plain, ...tls(mode) }, /cannot be reached: pg_hba\.conf rejects connection/)
  })

  test('TLS: a server without it', { skip: noTls }, async () => {
    const bare = await TestPostgres.start()
    try {
      const at = { port: bare.port }
      await works({ ...at, ...tls('allow') })
      await works({ ...at, ...tls('prefer') })
      for (const mode of ['require', 'verify-ca', 'verify-full'] as const)
        await refused(
          { ...at, ...tls(mode) },
          /cannot be reached: The server does not support SSL connections$/,
        )
    } finally {
      await bare.stop()
    }
  })

  test('TLS: a certificate in place of a password, as text, as files, as one file', {
    skip: noTls,
  }, async () => {
    const certified = { user: 'certified', password: 'wrong-secret' }
    const { cert, key } = files!.user
    const text = (path: string): PemSource => ({ pem: readFileSync(path, 'utf8'), path: null })
    await works({ ...certified, ...tls('verify-full', { cert: file(cert), key: file(key) }) })
    const both = { pem: `${text(cert).pem}${text(key).pem}`, path: null }
    await works({
      ...certified,
      ...tls('verify-full', { ca: text(files!.server.ca), cert: text(cert), key: text(key) }),
    })
    await works({ ...certified, ...tls('verify-full', { cert: both }) })
    await refused({ ...certified, ...tls('verify-full') }, /cannot be reached: .*certificate/)
    await refused(
      {
        ...certified,
        user: 'secure',
        ...tls('verify-full', { cert: file(cert), key: file(files!.server.key) }),
      },
      /cannot be reached: .*key/,
    )
    await refused(
      { ...certified, ...tls('verify-full', { ca: file('/nowhere/ca.crt') }) },
      /^the certificate or key \/nowhere\/ca\.crt cannot be read: ENOENT/,
    )
  })
})
