/** Every kind beside upstream's description of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { authModule } from './kinds/auth-module.ts'
import { dataExporter } from './kinds/data-exporter.ts'
import { idOf, readEntity } from './read.ts'
import { definitions } from './registry.ts'
import { storageKeyOf } from './storage-key.ts'
import { referenceKinds } from './testing/reference.ts'
import { isObject } from './types/shape.ts'

/** Kinds that upstream stores and serves by a legacy path only. */
const legacyOnly = ['ClientValidator', 'WebauthnAdminUser']

describe('kinds as upstream has them', { skip: referenceKinds === null && 'no reference here' }, () => {
  test('every kind there is', () => {
    const names = definitions.map(({ kind }) => kind).filter(kind => !legacyOnly.includes(kind))
    assert.equal(names.length, 32)
    assert.deepEqual(names, [...referenceKinds!.keys()])
  })

  for (const definition of definitions) {
    if (legacyOnly.includes(definition.kind)) continue
    const reference = referenceKinds?.get(definition.kind)
    const template = reference?.template ?? null

    test(`${definition.kind}: names, places and operations`, () => {
      assert.ok(reference)
      assert.equal(definition.group, reference.group)
      assert.equal(definition.version, reference.version)
      assert.equal(definition.plural, reference.plural)
      assert.equal(definition.singular, reference.singular)
      assert.equal(definition.idField, reference.id_field)
      assert.equal(definition.legacyPath, reference.legacy_admin_path)
      assert.equal(definition.deprecated ?? false, reference.deprecated)
      assert.equal(definition.idPrefix === '' ? '' : `${definition.idPrefix}_`, reference.id_prefix)
      assert.deepEqual({ ...definition.access }, reference.access)
      assert.equal(definition.hasTemplate ?? true, template !== null)
      const key = storageKeyOf('', definition, 'ID', 'SCOPE').slice(1)
      const id = definition.singleton === undefined ? 'ID' : ''
      const scope = definition.scopeField === undefined ? '' : 'SCOPE:'
      assert.equal(key, `${reference.storage_key_prefix}${scope}${id}`)
    })

    if (template !== null)
      test(`${definition.kind}: the template, key by key and in the same order`, () => {
        const ours = JSON.parse(JSON.stringify(definition.template('an-id'))) as Record<string, unknown>
        assert.equal(JSON.stringify(aligned(ours, template)), JSON.stringify(template))
      })

    test(`${definition.kind}: what upstream writes is read and written back unchanged`, () => {
      if (template === null) return
      const parsed = readEntity(definition, template)
      assert.ok(parsed.ok, JSON.stringify(parsed))
      assert.equal(JSON.stringify(parsed.value), JSON.stringify(template))
    })

    test(`${definition.kind}: null stands for the default, required fields must be there`, () => {
      const whole = template ?? (definition.template('an-id') as Record<string, unknown>)
      const nulls: Record<string, unknown> = { ...whole }
      const fields = reference!.fields.filter(({ name }) => Object.hasOwn(whole, name))
      const variants = Object.values(reference!.variants ?? {})
      for (const { name } of reference!.fields)
        assert.ok(
          Object.hasOwn(whole, name) || name.includes(' ') || variants.some(one => Object.hasOwn(one, name)),
          `${name} is a field of a variant`,
        )
      for (const field of fields)
        if (!(field.required ?? false) || field.default !== null) nulls[field.name] = null
      const withNulls = readEntity(definition, nulls)
      assert.ok(withNulls.ok, JSON.stringify(withNulls))
      const absent = Object.fromEntries(Object.entries(nulls).filter(([, value]) => value !== null))
      const without = readEntity(definition, absent)
      assert.ok(without.ok, JSON.stringify(without))
      assert.deepEqual(without.value, withNulls.value)
      for (const field of fields) {
        assertDefault(without.value as Record<string, unknown>, field.name, field.default)
        if (!(field.required ?? false) || field.default !== null) continue
        const { [field.name]: _, ...rest } = whole
        const missing = readEntity(definition, rest)
        assert.ok(!missing.ok, `${field.name} is required`)
        assert.ok(missing.faults.some(fault => fault.path === field.name))
      }
    })
  }

  for (const definition of [dataExporter, authModule])
    for (const [name, variant] of Object.entries(referenceKinds?.get(definition.kind)?.variants ?? {}))
      test(`${definition.kind}: the template of type ${name}`, () => {
        const ours = definition.template('an-id', { type: name }) as unknown as Record<string, unknown>
        assert.equal(JSON.stringify(aligned({ ...ours }, variant)), JSON.stringify(variant))
        const parsed = readEntity<unknown>(definition, variant)
        assert.ok(parsed.ok, JSON.stringify(parsed))
        assert.equal(JSON.stringify(parsed.value), JSON.stringify(variant))
        assert.notEqual(idOf(definition, parsed.value), null)
      })
})

// Values upstream makes at each call take the reference's, after a look at their shape.
function aligned(ours: Record<string, unknown>, reference: Readonly<Record<string, unknown>>) {
  for (const [key, value] of Object.entries(reference)) {
    const own = ours[key]
    if (isObject(value) && isObject(own)) aligned(own, value)
    else if (Array.isArray(value) && Array.isArray(own))
      for (const [i, item] of value.entries()) {
        const counterpart: unknown = own[i]
        if (isObject(item) && isObject(counterpart)) aligned(counterpart, item)
      }
    const made = typeof value === 'string' && value.includes('{{')
    const moment = /^(from|to)$|_at$/.test(key) && value === 0
    if (!made && !moment) continue
    assert.equal(typeof ours[key], typeof value, key)
    if (value === '{{16 lower case alphanumerics}}') assert.match(String(ours[key]), /^[a-z0-9]{16}$/)
    if (value === '{{64 lower case alphanumerics}}') assert.match(String(ours[key]), /^[a-z0-9]{64}$/)
    ours[key] = value
  }
  return ours
}

function assertDefault(entity: Record<string, unknown>, name: string, expected: unknown): void {
  const told = typeof expected === 'string' && /^(now|computed|value of|text made|\{\{)/.test(expected)
  // Fields with two names for the same moment, and those a reader may leave away.
  if (told || expected === null || ['kind', 'content', 'otoroshiId'].includes(name)) return
  assert.deepEqual(entity[name], expected, name)
}
