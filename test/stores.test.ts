/** A gateway on each store: what it keeps over a restart, in which form, and the stores it does not have. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { postgresMissing, TestPostgres } from '../src/store/testing/postgres-server.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { exported, exportedLines, routeTo, serves } from './support/exports.ts'
import { failedStart } from './support/failed-start.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

const keys = '/apis/apim.otoroshi.io/v1/apikeys'
let backend: Backend

before(async () => {
  backend = await startBackend((_request, response) => void response.end('served'))
})
after(() => backend.close())

/** A gateway with what a user makes: some entities written in every way. */
async function filled(env: Record<string, string>, dataDir: string): Promise<TestGateway> {
  const gateway = await startGateway({ env, dataDir, threads: 1 })
  for (const id of ['kept', 'gone', 'é 漢 😀'.replaceAll(' ', '-')])
    await gateway.route(routeTo(backend.port, id, { description: 'é 漢 😀\n"\\' }))
  const key = await gateway.admin('POST', keys, { clientId: 'k', clientSecret: 's', clientName: 'k' })
  assert.equal(key.status, 201, key.text)
  assert.equal((await gateway.admin('DELETE', '/api/routes/gone')).status, 200)
  const patched = await gateway.admin('PATCH', '/api/routes/kept', { name: 'patched' })
  assert.equal(patched.status, 200, patched.text)
  await serves(gateway, 'kept')
  return gateway
}

const withFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-stores-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Everything is there after a restart, and the history with it. */
async function keeps(env: Record<string, string>): Promise<void> {
  await withFolder(async dataDir => {
    const first = await filled(env, dataDir)
    const content = await exported(first)
    const history = (await first.admin('GET', '/api/history')).json
    await first.stopKeeping()
    const again = await startGateway({ env, dataDir, threads: 1 })
    try {
      assert.doesNotMatch(again.output, /password/, 'it is no first start')
      assert.deepEqual(await exported(again), content)
      assert.deepEqual((await again.admin('GET', '/api/history')).json, history)
      await serves(again, 'kept')
      assert.equal((await call(again.port, 'http://gone.test/')).status, 404)
    } finally {
      await again.stop()
    }
  })
}

describe('a gateway keeps what it was told', () => {
  for (const storage of ['sqlite', 'file']) it(`on ${storage}`, () => keeps({ OTOROSHI_STORAGE: storage }))

  it('on postgresql, under either name', { skip: postgresMissing }, async () => {
    const server = await TestPostgres.start()
    try {
      await keeps({ OTOROSHI_STORAGE: 'postgresql', PG_URI: server.uri })
      const again = await startGateway({
        threads: 1,
        env: { APP_STORAGE: 'pg', OTOROSHI_PG_URI: server.uri },
      })
      await serves(again, 'kept')
      assert.match(again.output, /storage postgresql/)
      await again.stop()
    } finally {
      await server.stop()
    }
  })

  it('in memory until it ends, and says so', () =>
    withFolder(async dataDir => {
      const env = { OTOROSHI_STORAGE: 'inmemory' }
      const first = await filled(env, dataDir)
      assert.match(first.output, /in memory: nothing is kept/)
      await first.stopKeeping()
      const again = await startGateway({ env: { OTOROSHI_STORAGE: 'memory' }, dataDir, threads: 1 })
      try {
        assert.equal((await again.admin('GET', '/api/routes/kept')).status, 404)
        assert.match(again.output, /with the password/)
      } finally {
        await again.stop()
      }
    }))
})

describe('the file store', () => {
  it('reads a file of raw keys as the original writes it, and leaves one behind', () =>
    withFolder(async folder => {
      const source = await filled({}, join(folder, 'source'))
      const lines = await exportedLines(source)
      await source.stop()
      // A kind of value that gateways of this kind never write.
      const foreign = '{"k":"otoroshi:data:some-set","v":["a","b"],"t":-1,"w":"set"}'
      const path = join(folder, 'db', 'state.ndjson')
      const env = { APP_STORAGE: 'file', FILEDB_PATH: path }
      const empty = await startGateway({ env, dataDir: folder, threads: 1 })
      await empty.stopKeeping()
      writeFileSync(path, [foreign, ...lines].join('\n'))
      const gateway = await startGateway({ env, dataDir: folder, threads: 1 })
      await serves(gateway, 'kept')
      await gateway.route(routeTo(backend.port, 'new'))
      assert.deepEqual(keysIn(path), keysIn(path, [foreign, ...lines]), 'the journal holds what is new')
      await gateway.stopKeeping()
      const left = readFileSync(path, 'utf8').split('\n').filter(Boolean)
      assert.ok(left.includes(foreign))
      const [route] = left.map(line => JSON.parse(line)).filter(({ k }) => k === 'otoroshi:routes:new')
      assert.deepEqual([route.t, route.w, JSON.parse(route.v).id], [-1, 'string', 'new'])
      const before = lines.map(line => JSON.parse(line).k as string)
      assert.ok(before.every(key => left.some(line => line.includes(JSON.stringify(key)))))
      assert.equal(existsSync(join(folder, 'state.ndjson')), false)
    }))

  it('refuses a damaged file in one sentence, and leaves it as it is', () =>
    withFolder(async folder => {
      const path = join(folder, 'state.ndjson')
      const damaged = '{"k":"otoroshi:routes:a","v":"{}","t":-1,"w":"string"}\n{"k":"otoro\n{"k":1}\n'
      writeFileSync(path, damaged)
      const { code, output } = await failedStart({ env: { OTOROSHI_STORAGE: 'file' }, dataDir: folder })
      assert.equal(code, 1)
      assert.match(output, /^otoroshi: line 2 of \S+state\.ndjson is not a stored key: restore .*$/m)
      assert.equal(readFileSync(path, 'utf8'), damaged)
    }))
})

function keysIn(path: string, lines = readFileSync(path, 'utf8').split('\n')): string[] {
  return lines
    .filter(Boolean)
    .map(line => JSON.parse(line).k as string)
    .sort()
}

describe('a store that is not there is one clear sentence', () => {
  for (const storage of ['cassandra', 'cassandra-naive', 's3', 'http', 'leveldb', 'cp:my.Store', 'ext:mine'])
    it(storage, async () => {
      const { code, output } = await failedStart({ env: { APP_STORAGE: storage } })
      assert.equal(code, 1)
      const [sentence, ...more] = output.split('\n').filter(line => line.startsWith('otoroshi: '))
      const start = `otoroshi: APP_STORAGE: the storage '${storage}' of Otoroshi is not part of this version: use one of sqlite, `
      assert.ok(sentence!.startsWith(start), output)
      assert.deepEqual(more, [])
      assert.doesNotMatch(output, / at .*\.ts:/)
    })

  it('and so is a name that nobody knows', async () => {
    const { code, output } = await failedStart({ env: { OTOROSHI_STORAGE: 'sqlit' } })
    assert.equal(code, 1)
    assert.match(output, /^otoroshi: OTOROSHI_STORAGE: expected sqlite, .*, got 'sqlit'$/m)
  })

  it('and a database nobody answers at', async () => {
    const env = { OTOROSHI_STORAGE: 'postgresql', PG_URI: 'postgresql://u:hush@127.0.0.1:1/db' }
    const { code, output } = await failedStart({ env })
    assert.equal(code, 1)
    assert.match(output, /^otoroshi: the database db at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.*$/m)
    assert.doesNotMatch(output, /hush/)
  })
})
