import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Refusal } from '../../plugin/index.ts'
import { clientRequest, setUp } from '../../plugin/testing.ts'
import plugin from './ng-incoming-request-validator-denied-domain-names.ts'

function outcome(config: object, host: string): string {
  const { incoming } = setUp(plugin, config)
  const verdict = incoming?.(clientRequest({ headers: { Host: host } }, true)) as Refusal | undefined
  return verdict === undefined ? 'passes' : `${verdict.status} ${verdict.reason}`
}

it('refuses the domains of the list, however they are written', () => {
  assert.equal(outcome({}, 'any.test'), 'passes')
  const config = { domains: ['old.test', '*.internal'] }
  for (const host of ['old.test', 'OLD.test', 'old.test:80', 'old.test.', 'db.internal', 'db.INTERNAL.'])
    assert.equal(outcome(config, host), '403 domain_not_allowed', host)
  for (const host of ['new.test', 'internal', 'old.test.new'])
    assert.equal(outcome(config, host), 'passes', host)
})
