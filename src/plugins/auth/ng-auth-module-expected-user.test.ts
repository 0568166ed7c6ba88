import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './ng-auth-module-expected-user.ts'

const run = (config: object, from?: string) =>
  runPlugin(plugin, {
    config,
    before: e => from !== undefined && e.attributes.set(userAttribute, userSession({ authConfigId: from })),
  })

test('a user passes, of a module that is asked for', async () => {
  assert.equal((await run({}, 'm')).status, 200)
  assert.equal((await run({ only_from: ['m', 'n'] }, 'n')).status, 200)
})

test('nobody, or a user of another module, does not', async () => {
  for (const outcome of [await run({}), await run({ only_from: ['m'] }, 'n')])
    assert.deepEqual(
      [outcome.status, outcome.refusal?.reason, outcome.refusal?.cause],
      [401, 'auth.unauthorized', 'errors.auth.unauthorized'],
    )
})

test('a list that is none is refused', async () => {
  await assert.rejects(run({ only_from: 'm' }), /only_from/)
})
