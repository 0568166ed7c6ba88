import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { slotsOfRoutes, unknownSinks } from './sinks.ts'

const credentials = 'cp:otoroshi.next.plugins.NgClientCredentials'
const wasm = 'cp:otoroshi.next.plugins.WasmSink'
const slot = (plugin: string, enabled = true): PluginSlot => ({
  enabled,
  debug: false,
  plugin,
  include: [],
  exclude: [],
  config: {},
  bound_listeners: [],
})
const known = definePlugin({
  id: wasm,
  name: 'Sink',
  description: 'A sink.',
  family: 'test',
  steps: ['Sink'],
  config: v.object({}),
  setup: () => ({}),
})

test('a sink is no part of a route, known or not; every other global plugin is', () => {
  const [sink, other, unknown] = [slot(credentials), slot('cp:a.B'), slot('cp:nobody.knows.Me')]
  assert.deepEqual(slotsOfRoutes([sink, other, unknown, slot(wasm)]), [other, unknown])
  const none = [other]
  assert.equal(slotsOfRoutes(none), none)
})

test('sinks that nobody knows are told; those that are off, are there or do not load are not', async () => {
  const slots = [slot(credentials), slot(wasm), slot('cp:nobody.knows.Me')]
  const find = (id: string) => (id === wasm ? known : null)
  assert.deepEqual([...(await unknownSinks(slots, { find }))], [credentials])
  assert.deepEqual([...(await unknownSinks([slot(credentials, false)], { find }))], [])
  const broken = () => Promise.reject(new Error('does not load'))
  assert.deepEqual([...(await unknownSinks(slots, { find: broken }))], [])
})
