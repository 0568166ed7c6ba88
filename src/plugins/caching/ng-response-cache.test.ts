import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnswerStore, createCacheMemory, figuresOf } from '../../cache/index.ts'
import type { ApikeyView } from '../../identity/apikey.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, type PluginRun, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-response-cache.ts'

/** Runs of the plugin over one store; the backend counts its answers. */
function cacheOf(config: object = {}) {
  const store = new AnswerStore(createCacheMemory(1024 * 1024, 1), 0)
  let count = 0
  const run = async (input: PluginRunInput = {}): Promise<PluginRun> =>
    runPlugin(plugin, {
      config,
      services: { cache: store },
      ...input,
      backend: call => {
        const given = typeof input.backend === 'function' ? input.backend(call) : input.backend
        return { body: `answer ${++count}`, ...given }
      },
    })
  return { store, run }
}

const texts = async (runs: Promise<PluginRun>[]): Promise<string[]> => {
  const found: string[] = []
  for (const run of runs) found.push((await run).text)
  return found
}

describe('the response cache', () => {
  it('gives out what it has, with the length and the age', async () => {
    const { run } = cacheOf()
    const first = await run()
    const second = await run()
    assert.deepEqual([first.text, second.text, second.backend], ['answer 1', 'answer 1', null])
    assert.equal(first.backend?.headers.get('x-otoroshi-cache'), 'MISS')
    assert.equal(second.headers.get('x-otoroshi-cache'), 'HIT')
    assert.equal(second.length, 8)
    assert.match(second.headers.get('age')!, /^\d+$/)
    assert.match(second.headers.get('cache-status')!, /^Otoroshi; hit; ttl=\d+$/)
  })

  it('keeps an age it was told', async () => {
    const { run } = cacheOf()
    await run({ backend: { headers: { Age: '50', 'Cache-Control': 'max-age=100' } } })
    const { headers } = await run()
    assert.deepEqual(headers.getAll('age'), ['50'])
  })

  it('asks each time where no time at all is given', async () => {
    const { run, store } = cacheOf({ ttl: 0 })
    assert.deepEqual(await texts([run(), run()]), ['answer 1', 'answer 2'])
    assert.equal(figuresOf(store).misses, 2)
  })

  it('does nothing where no answers are kept', async () => {
    const instance = setUp(plugin, {})
    assert.deepEqual(instance, {})
  })

  it('asks with its own conditions in place of those of the client', async () => {
    const { run } = cacheOf()
    const stale = { headers: { ETag: '"1"', 'Cache-Control': 'no-cache' } }
    const first = await run({ request: { headers: { 'If-None-Match': '"0"' } }, backend: stale })
    assert.equal(first.backend?.headers.has('if-none-match'), false)
    const second = await run({
      request: { headers: { 'If-None-Match': '"0"' } },
      backend: { status: 304, body: '' },
    })
    assert.equal(second.backend?.headers.get('if-none-match'), '"1"')
    assert.deepEqual([second.status, second.text], [200, 'answer 1'])
    const third = await run({
      request: { headers: { 'If-None-Match': '"1"' } },
      backend: { status: 304, body: '' },
    })
    assert.deepEqual([third.status, third.text], [304, ''])
  })

  it('tells callers apart by their keys', async () => {
    const { run } = cacheOf()
    const keys = ['a', 'b'].map(id => apikey({ clientId: id, clientSecret: id }))
    const by = (key: ApikeyView) => run({ before: ({ attributes }) => attributes.set(apikeyAttribute, key) })
    const runs = [await by(keys[0]!), await by(keys[1]!), await by(keys[0]!), await by(keys[1]!)]
    assert.deepEqual(
      runs.map(({ text }) => text),
      ['answer 1', 'answer 2', 'answer 1', 'answer 2'],
    )
    assert.equal((await run()).text, 'answer 3')
  })

  it('leaves conditions that only the backend can judge to it', async () => {
    const { run } = cacheOf()
    await run()
    for (const name of ['If-Match', 'If-Unmodified-Since']) {
      const passed = await run({ request: { headers: { [name]: '"1"' } } })
      assert.equal(passed.backend?.headers.get(name.toLowerCase()), '"1"')
      assert.equal(passed.headers.get('cache-status'), 'Otoroshi; fwd=bypass')
    }
  })

  it('refuses settings that cannot be right, and says where', () => {
    for (const [config, path] of [
      [{ ttl: -1 }, /ttl/],
      [{ maxSize: 1.5 }, /maxSize/],
      [{ filter: { methods: 'GET' } }, /filter\.methods/],
      [{ filter: { notPaths: ['('] } }, /filter\.notPaths\.0/],
      [{ filter: { notStatuses: ['4xx'] } }, /filter\.notStatuses\.0/],
    ] as const)
      assert.throws(() => setUp(plugin, config), path)
  })
})
