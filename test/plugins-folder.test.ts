/** A folder of own plugins in TypeScript: loaded at start, exchanged while requests run, closed when broken. */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { allBuiltIn } from '../src/plugins/index.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { PluginFiles, pluginText } from './support/plugin-files.ts'
import { until } from './support/wait.ts'

const files = new PluginFiles()
let gateway: TestGateway

const saying = (id: string, text: string): string =>
  pluginText(id, `{ backend: () => answer(200, [['X-Greeting', greeting]], '${text}') }`)
const route = (id: string, plugin: string) => ({
  id,
  name: id,
  frontend: { domains: [`${id}.test`] },
  backend: { targets: [] },
  plugins: [{ plugin, config: { greeting: 'good day' } }],
})

/** Answers of fresh connections: the kernel spreads them over the threads. */
async function answers(host: string, count = 20): Promise<string[]> {
  const got = await Promise.all(Array.from({ length: count }, () => call(gateway.port, `http://${host}/`)))
  return [
    ...new Set(
      got.map(({ status, headers, body }) => `${status} ${headers['otoroshi-error-reason'] ?? body}`),
    ),
  ]
}

before(async () => {
  files.put('hello.ts', saying('own.Hello', 'one'))
  files.put('other.ts', saying('own.Other', 'other'))
  files.put('hello.test.ts', 'throw new Error("tests are no plugins")')
  gateway = await startGateway({ threads: 2, env: { OTOROSHI_PLUGINS_FOLDER: files.folder } })
  await gateway.route(route('hello', 'own.Hello'))
  await gateway.route(route('other', 'own.Other'))
})
after(async () => {
  await gateway.stop()
  files.remove()
})

describe('a plugins folder', () => {
  it('is there from the start, with settings and without faults', async () => {
    const got = await call(gateway.port, 'http://hello.test/')
    assert.deepEqual([got.status, got.body, got.headers['x-greeting']], [200, 'one', 'good day'])
    assert.deepEqual(await answers('hello.test'), ['200 one'])
    assert.doesNotMatch(gateway.output, /does not load/)
  })

  it('is listed beside the built-in plugins, with all that a form needs', async () => {
    const { json } = await gateway.admin('GET', '/api/plugins/all')
    const listed = new Map((json as Record<string, unknown>[]).map(plugin => [plugin['id'], plugin]))
    const wanted = [...(await allBuiltIn()).map(({ id }) => id), 'own.Hello', 'own.Other']
    assert.deepEqual([...listed.keys()].sort(), wanted.sort())
    for (const [id, plugin] of listed) {
      const { plugin_categories: categories, plugin_steps: steps, config_schema: schema } = plugin
      assert.ok((categories as string[]).length > 0 && (steps as string[]).length > 0, String(id))
      assert.equal((schema as { type: string }).type, 'object', String(id))
      const settings = Object.keys((schema as { properties?: object }).properties ?? {})
      assert.deepEqual(plugin['config_flow'], settings, String(id))
      for (const name of Object.keys(plugin['default_config'] as object))
        assert.ok(settings.includes(name), `${id} ${name}`)
    }
    const own = listed.get('own.Hello')!
    assert.deepEqual(own['default_config'], { greeting: 'hello' })
    assert.deepEqual(own['plugin_categories'], ['Custom'])
    const cors = listed.get('cp:otoroshi.next.plugins.Cors')!
    assert.deepEqual(cors['plugin_categories'], ['AccessControl', 'Classic'])
    const categories = (await gateway.admin('GET', '/api/plugins/categories')).json as string[]
    assert.ok(categories.includes('Classic') && categories.includes('Custom'))
    const { text } = await gateway.admin('GET', '/apis/plugins.json')
    assert.equal(JSON.parse(text).length, listed.size)
  })

  it('is listed as it is now', async () => {
    const before = pluginText('own.New', '{}')
    files.put('new.ts', before)
    const settingsOf = async (): Promise<unknown> => {
      const { json } = await gateway.admin('GET', '/api/plugins/all')
      return (json as { id: string; config_flow: unknown }[]).find(({ id }) => id === 'own.New')?.config_flow
    }
    await until('it is listed', async () => JSON.stringify(await settingsOf()) === '["greeting"]')
    files.put('new.ts', before.replaceAll('greeting:', 'salute:').replace('{ greeting }', '{ salute }'))
    await until('its new settings are', async () => JSON.stringify(await settingsOf()) === '["salute"]')
    files.drop('new.ts')
    await until('it is listed no more', async () => (await settingsOf()) === undefined)
  })

  it('is there when a gateway starts on stored routes', async () => {
    const { dataDir } = gateway
    await gateway.stopKeeping()
    gateway = await startGateway({ threads: 2, dataDir, env: { OTOROSHI_PLUGINS_FOLDER: files.folder } })
    assert.deepEqual(await answers('hello.test', 40), ['200 one'])
    const status = await gateway.admin('GET', '/api/status')
    assert.doesNotMatch(status.text, /plugin\.unknown/)
  })

  it('changes under load without losing a request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const outcomes = new Map<string, number>()
    let running = true
    const client = async (): Promise<void> => {
      while (running) {
        const key = await call(gateway.port, 'http://hello.test/', { agent }).then(
          got => `${got.status} ${got.body}`,
          error => `failed ${String(error)}`,
        )
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
      }
    }
    const clients = Array.from({ length: 8 }, client)
    try {
      for (const text of ['two', 'three', 'four', 'five']) {
        files.put('hello.ts', saying('own.Hello', text))
        await until(`every thread says ${text}`, async () => {
          const seen = await answers('hello.test')
          return seen.length === 1 && seen[0] === `200 ${text}`
        })
      }
    } finally {
      running = false
      await Promise.all(clients)
      agent.destroy()
    }
    const seen = [...outcomes.keys()].sort()
    assert.deepEqual(
      seen,
      ['200 five', '200 four', '200 one', '200 three', '200 two'],
      JSON.stringify([...outcomes]),
    )
  })

  it('takes the last of many quick changes', async () => {
    for (let i = 0; i < 20; i++) {
      files.put('hello.ts', saying('own.Hello', `quick ${i}`))
      await new Promise(resolve => setTimeout(resolve, 30 + (i % 3) * 30))
    }
    await until('the last one is served', async () => {
      const seen = await answers('hello.test')
      return seen.length === 1 && seen[0] === '200 quick 19'
    })
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.deepEqual(await answers('hello.test', 40), ['200 quick 19'])
  })

  it('with a file that throws closes the routes of its plugins, says why, and no others', async () => {
    files.put('hello.ts', `throw new Error('no luck today')`)
    await until('it is closed', async () => (await answers('hello.test')).every(a => a.startsWith('503')))
    assert.deepEqual(await answers('hello.test', 40), ['503 plugin.setup_failed; plugin="own.Hello"'])
    assert.deepEqual(await answers('other.test', 40), ['200 other'])
    assert.match(gateway.output, /hello\.ts does not load: no luck today/)
  })

  it('with the file corrected serves again', async () => {
    files.put('hello.ts', saying('own.Hello', 'again'))
    await until('it serves', async () => (await answers('hello.test')).join() === '200 again')
    assert.deepEqual(await answers('hello.test', 40), ['200 again'])
  })

  it('closes the routes of a file that is gone, and opens them when it comes back under another name', async () => {
    files.drop('hello.ts')
    await until('it is closed', async () => (await answers('hello.test')).every(a => a.startsWith('503')))
    assert.deepEqual(await answers('hello.test', 40), ['503 plugin.unknown; plugin="own.Hello"'])
    files.put('renamed.mts', saying('own.Hello', 'renamed'))
    await until('it serves', async () => (await answers('hello.test')).join() === '200 renamed')
  })

  it('cannot replace a built-in plugin', async () => {
    files.put('evil.ts', saying('cp:otoroshi.next.plugins.ApikeyCalls', 'open to all'))
    await until('it is said', () => /evil\.ts does not load: .*built-in/.test(gateway.output))
    assert.equal((await gateway.admin('GET', '/api/routes')).status, 200)
    const open = await call(gateway.port, 'http://otoroshi-api.oto.tools/api/routes')
    assert.notEqual(open.body, 'open to all')
  })
})
