/** What plugins do to answers that are not the backend's: errors, and fields that go on whatever is answered. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { answer, refuse } from '../plugin/answer.ts'
import type { PluginDefinition, PluginInstance } from '../plugin/contract.ts'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, type TestAnswer, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

/** Asks a route with these plugins, in this order. */
async function ask(instances: Readonly<Record<string, PluginInstance>>, fields = ''): Promise<TestAnswer> {
  const backend = await openRawBackend(socket => void socket.write(plainAnswer('backend', '200 OK', fields)))
  const plugins: PluginDefinition<never>[] = Object.entries(instances).map(([id, instance]) =>
    testPlugin(id, instance),
  )
  const gateway = await openTestGateway({ plugins })
  open.push(gateway, backend)
  const slots = plugins.map(({ id }) => ({ plugin: id }))
  await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins: slots })])
  return gateway.call('http://api.test/')
}

const deny: PluginInstance = { access: () => refuse('ip_not_allowed') }

for (const [how, later] of [
  ['at once', <T>(value: T): T | Promise<T> => value],
  ['after a while', <T>(value: T): T | Promise<T> => new Promise(go => setImmediate(() => go(value)))],
] as const)
  describe(`a plugin of the error phase that decides ${how}`, () => {
    it('sees the answer that would be sent, and changes it', async () => {
      let seen = ''
      const got = await ask({
        deny,
        change: {
          error: ({ response }) => {
            seen = `${response.status} ${response.headers.get('otoroshi-error-reason')}`
            response.status = 418
            response.headers.set('X-Changed', 'yes')
            response.body.replace('{"changed":true}')
            return later(undefined)
          },
        },
      })
      assert.equal(seen, '403 ip_not_allowed')
      assert.deepEqual([got.status, got.headers['x-changed'], got.body], [418, 'yes', '{"changed":true}'])
    })

    it('may refuse in other words, or answer; those behind are not asked', async () => {
      const other = await ask({
        deny,
        other: { error: () => later(refuse('not_found', { message: 'Nothing here' })) },
        behind: { error: () => later(answer(500)) },
      })
      assert.deepEqual([other.status, other.body], [404, '{"Otoroshi-Error":"Nothing here"}'])
      const answered = await ask({
        deny,
        silent: { error: () => later(undefined) },
        answers: { error: () => later(answer(410, [['X-Own', 'yes']], 'gone')) },
      })
      assert.deepEqual([answered.status, answered.headers['x-own'], answered.body], [410, 'yes', 'gone'])
    })

    it('that fails changes nothing, and the next is asked', async () => {
      const fails = (): Promise<never> => {
        throw new Error('no')
      }
      const got = await ask({
        deny,
        fails: { error: () => (how === 'at once' ? fails() : Promise.reject(new Error('no'))) },
        nonsense: { error: () => later('yes' as never) },
        next: { error: ({ response }) => later(void response.headers.set('X-Next', 'asked')) },
      })
      assert.deepEqual(
        [got.status, got.headers['otoroshi-error-reason'], got.headers['x-next']],
        [403, 'ip_not_allowed', 'asked'],
      )
    })
  })

describe('a field for whatever is answered', () => {
  const field = (value: string): PluginInstance => ({
    preRoute: exchange => exchange.setAnswerHeader('X-Once', value),
  })

  it('is there once, as it was set last, on answers of every kind', async () => {
    const kinds: Record<string, PluginInstance> = {
      passes: {},
      refuses: deny,
      answers: { access: () => answer(202) },
      fails: {
        access: () => {
          throw new Error('no')
        },
      },
    }
    for (const [kind, instance] of Object.entries(kinds)) {
      const got = await ask({ first: field('first'), last: field('last'), [kind]: instance })
      assert.equal(got.headers['x-once'], 'last', kind)
    }
  })

  it('leaves one alone that stands in the answer itself', async () => {
    const backend = await ask({ field: field('mine') }, 'X-Once: of the backend\r\n')
    assert.equal(backend.headers['x-once'], 'of the backend')
    const later = await ask({
      field: field('mine'),
      later: { response: ({ response }) => response.headers.set('x-once', 'later') },
    })
    assert.equal(later.headers['x-once'], 'later')
  })

  it('stands beside others of its name when it is added', async () => {
    const adding = (value: string): PluginInstance => ({
      preRoute: exchange => exchange.addAnswerHeader('Vary', value),
    })
    const got = await ask({ one: adding('Origin'), two: adding('Accept') }, 'Vary: Cookie\r\n')
    assert.equal(got.headers.vary, 'Cookie, Origin, Accept')
  })

  it('that is none ends the request with 500, and never splits an answer', async () => {
    for (const value of ['a\r\nX-Split: yes', 'a\0b']) {
      const got = await ask({ field: field(value) })
      assert.deepEqual([got.status, got.headers['x-split']], [500, undefined])
    }
  })
})
