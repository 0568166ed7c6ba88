import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parse } from '../../schema/index.ts'
import { setUp } from '../../plugin/testing.ts'
import { findBuiltIn } from '../index.ts'
import plugin from './mandatory-consumer-preset.ts'

interface Slot {
  readonly plugin: string
  readonly config: Record<string, unknown>
  readonly plugin_index: { readonly validate_access: number }
}

const slots = (config: object) => setUp(plugin, config).expand!() as Slot[]
const names = (config: object) => slots(config).map(slot => slot.plugin.split('.').at(-1))

it('stands for a key with tags, a token of the module when one is named, and somebody at last', async () => {
  assert.deepEqual(names({}), ['ApikeyCalls', 'NgApikeyMandatoryTags', 'NgExpectedConsumer'])
  const config = { ref: 'module', tags: ['a'] }
  assert.deepEqual(names(config), [
    'ApikeyCalls',
    'NgApikeyMandatoryTags',
    'OIDCJwtVerifier',
    'NgExpectedConsumer',
  ])
  const [calls, tags, token, expected] = slots(config)
  assert.equal(calls?.config['mandatory'], false)
  assert.deepEqual(tags?.config, { tags: ['a'] })
  assert.equal(token?.config['ref'], 'module')
  assert.equal(token?.config['mandatory'], false)
  assert.ok(expected!.plugin_index.validate_access > token!.plugin_index.validate_access)
})

it('stands for plugins that are there and take these settings', async () => {
  for (const slot of slots({ ref: 'module' })) {
    const definition = await findBuiltIn(slot.plugin)
    assert.ok(definition, slot.plugin)
    assert.ok(parse(definition.config, slot.config).ok, slot.plugin)
  }
})
