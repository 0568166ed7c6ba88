/** What holds of every provider of auth modules, whatever it asks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Identity, LoginProvider, LoginVisit } from '../contract.ts'
import { fakeVisit } from './fake-visit.ts'

export interface ProviderCase {
  readonly name: string
  provider(): LoginProvider | Promise<LoginProvider>
  /** A callback of a user whose login is good; null for modules that cannot be had alone. */
  good(provider: LoginProvider): Promise<LoginVisit>
  /** Callbacks of others. */
  bad(provider: LoginProvider): Promise<readonly LoginVisit[]>
  /** What the good one is. */
  readonly who: Pick<Identity, 'name' | 'email'>
  /** No page and no refusal may hold any of them. */
  readonly secrets: readonly string[]
}

export function providerSuite(given: ProviderCase): void {
  describe(`auth module: ${given.name}`, () => {
    test('the login page is a page or a way to one, carries the state, and tells no secrets', async () => {
      const provider = await given.provider()
      const visit = fakeVisit({})
      const outcome = await provider.loginPage(visit)
      assert.ok(outcome.kind === 'page', outcome.kind)
      const { reply } = outcome
      assert.ok([200, 303, 401].includes(reply.status), String(reply.status))
      const whole = JSON.stringify(reply)
      if (reply.status !== 401) assert.ok(whole.includes('sealed-state'), 'the state goes with it')
      noSecrets(given, whole)
    })

    test('a good login makes the user known, with everything that a session wants', async () => {
      const provider = await given.provider()
      const outcome = await provider.callback(await given.good(provider))
      assert.equal(outcome.kind, 'identity', JSON.stringify(outcome))
      if (outcome.kind !== 'identity') return
      const { identity } = outcome
      assert.deepEqual({ name: identity.name, email: identity.email }, given.who)
      assert.deepEqual(JSON.parse(JSON.stringify(identity)), { ...identity }, 'plain JSON')
      assert.ok(Array.isArray(identity.tags) && typeof identity.profile === 'object')
    })

    test('everything else is no login', async () => {
      const provider = await given.provider()
      for (const visit of await given.bad(provider)) {
        const outcome = await provider.callback(visit)
        assert.notEqual(outcome.kind, 'identity')
        noSecrets(given, JSON.stringify(outcome))
      }
    })

    test('a callback with nothing at all is no login', async () => {
      const provider = await given.provider()
      for (const method of ['GET', 'POST']) {
        const outcome = await provider.callback(fakeVisit({ method }))
        assert.notEqual(outcome.kind, 'identity', method)
      }
    })

    test('a password check, where there is one, knows nobody but its users', async () => {
      const provider = await given.provider()
      if (provider.checkPassword === undefined) return
      for (const [name, password] of [
        ['', ''],
        [given.who.email, ''],
        [given.who.email, 'x'.repeat(5000)],
        ['*', '*'],
        ['__proto__', 'x'],
      ] as const)
        assert.equal(await provider.checkPassword(name, password), null, name)
    })
  })
}

function noSecrets({ secrets }: ProviderCase, text: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret is told')
}
