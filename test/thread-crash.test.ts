/** A data-plane thread that dies for real: the others go on, it is replaced, and the one that comes in its place is up to date. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { getRequest, KeepAliveClient } from './support/keep-alive-client.ts'
import { PluginFiles, pluginText } from './support/plugin-files.ts'
import { until } from './support/wait.ts'

const CONNECTIONS = 24

/** A plugin that brings its thread down in the way the path names. */
const deadly = pluginText(
  'own.Deadly',
  `{
    backend: ({ request }) => {
      if (request.path === '/exit') process.exit(7)
      if (request.path === '/throw') setTimeout(() => { throw new Error('a timer went wrong') }, 1)
      const held: unknown[] = []
      while (request.path === '/memory') held.push(new Array(10_000).fill(held.length))
      return answer(200, [], greeting)
    },
  }`,
)

const files = new PluginFiles()
let gateway: TestGateway
let backend: Backend

const calm = (root: string) => ({
  id: 'calm',
  name: 'calm',
  frontend: { domains: ['calm.test'] },
  backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }], root },
})

before(async () => {
  files.put('deadly.ts', deadly)
  backend = await startBackend((request, response) => {
    response.setHeader('Content-Length', request.url.length)
    response.end(request.url)
  })
  gateway = await startGateway({
    threads: 2,
    env: {
      OTOROSHI_PLUGINS_FOLDER: files.folder,
      // So that memory runs out soon.
      NODE_OPTIONS: '--max-old-space-size=128',
    },
  })
  await gateway.route({
    id: 'deadly',
    name: 'deadly',
    frontend: { domains: ['deadly.test'] },
    backend: { targets: [] },
    plugins: [{ plugin: 'own.Deadly' }],
  })
  await gateway.route(calm('/start'))
})
after(async () => {
  await gateway.stop()
  await backend.close()
  files.remove()
})

interface ThreadState {
  readonly index: number
  readonly live: boolean
  readonly revision: number
  readonly restarts: number
}

async function threads(): Promise<{ revision: number; threads: readonly ThreadState[] }> {
  return (await gateway.admin('GET', '/api/status')).json
}

const ask = getRequest('calm.test')

/** What fresh connections get: the system spreads them over the threads that listen. */
async function answers(): Promise<readonly string[]> {
  const got = await Promise.all(Array.from({ length: 40 }, () => call(gateway.port, 'http://calm.test/')))
  return [...new Set(got.map(({ status, body }) => `${status} ${body}`))]
}

const count = (pattern: RegExp): number => gateway.output.match(pattern)?.length ?? 0
const deaths = (): number => count(/data-plane thread \d died and is replaced/g)
const returns = (): number => count(/data-plane thread \d serves again/g)

for (const [way, cause] of [
  ['exit', /died and is replaced in \d+ ms: it exited/],
  ['throw', /died and is replaced in \d+ ms: Error: a timer went wrong/],
  ['memory', /died and is replaced in \d+ ms: .*memory/],
] as const)
  describe(`a thread that dies by ${way}`, () => {
    let kept: readonly KeepAliveClient[]
    let before: number

    it('takes only its own connections with it', async () => {
      before = deaths()
      const clients = await Promise.all(
        Array.from({ length: CONNECTIONS }, () => KeepAliveClient.connect(gateway.port)),
      )
      for (const client of clients) assert.equal((await client.ask(ask)).status, 200)
      const killer = await KeepAliveClient.connect(gateway.port)
      // An answer may still go out before a timer throws.
      const { status } = await killer.ask(getRequest('deadly.test', `/${way}`))
      assert.ok(status === 0 || (way === 'throw' && status === 200), String(status))
      await until('its death is said', () => deaths() > before)
      assert.equal(deaths(), before + 1)
      // Its death may be said before the last of its connections is seen to be gone.
      const asked = await Promise.all(clients.map(client => (client.lost ? null : client.ask(ask))))
      kept = clients.filter((client, at) => !client.lost && asked[at]?.status === 200)
      assert.ok(kept.length > 0 && kept.length < CONNECTIONS, `${kept.length} of ${CONNECTIONS} live on`)
      assert.match(gateway.output, cause)
    })

    it('leaves the others serving, changes included, while it is away', async () => {
      const changed = await gateway.admin(
        'PUT',
        '/apis/proxy.otoroshi.io/v1/routes/calm',
        calm(`/after-${way}`),
      )
      assert.equal(changed.status, 200, changed.text)
      for (const client of kept) {
        const { status, body } = await client.ask(ask)
        assert.deepEqual([status, body], [200, `/after-${way}`])
      }
      assert.deepEqual(await answers(), [`200 /after-${way}`])
    })

    it('is replaced by one that knows everything', async () => {
      await until('it serves again', () => returns() === before + 1)
      const state = await threads()
      assert.deepEqual(
        state.threads.map(({ live, revision }) => [live, revision]),
        [
          [true, state.revision],
          [true, state.revision],
        ],
      )
      assert.equal(
        state.threads.reduce((sum, { restarts }) => sum + restarts, 0),
        before + 1,
      )
      assert.deepEqual(await answers(), [`200 /after-${way}`])
      // Its plugins are there too, and with 40 connections it got some.
      const greetings = await Promise.all(
        Array.from({ length: 40 }, () => call(gateway.port, 'http://deadly.test/')),
      )
      assert.deepEqual([...new Set(greetings.map(({ status, body }) => `${status} ${body}`))], ['200 hello'])
      const changed = await gateway.admin(
        'PUT',
        '/apis/proxy.otoroshi.io/v1/routes/calm',
        calm(`/both-${way}`),
      )
      assert.equal(changed.status, 200, changed.text)
      assert.deepEqual(await answers(), [`200 /both-${way}`])
    })

    it('has cost the connections of the others nothing', async () => {
      for (const client of kept) {
        assert.equal((await client.ask(ask)).status, 200)
        client.close()
      }
    })
  })
