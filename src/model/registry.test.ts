import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EntityDefinition } from './entity.ts'
import { newId } from './ids.ts'
import { type JsonSchema, jsonSchema } from './json-schema.ts'
import { authModule } from './kinds/auth-module.ts'
import { route } from './kinds/route.ts'
import {
  definitionOf,
  definitions,
  findByLegacyPath,
  findByName,
  findDefinition,
  storedDefinitions,
} from './registry.ts'
import { storagePrefix } from './storage-key.ts'

test('no two kinds collide in name, storage or path', () => {
  const unique = (values: readonly (string | null)[], what: string) => {
    const given = values.filter(value => value !== null)
    assert.equal(new Set(given).size, given.length, `${what}: ${given}`)
  }
  unique(
    definitions.map(d => d.kind),
    'kinds',
  )
  unique(
    definitions.flatMap(d => [...new Set([d.plural, d.singular])]),
    'plural and singular names',
  )
  unique(
    storedDefinitions.map(d => d.legacyPath),
    'legacy paths',
  )
  for (const one of storedDefinitions)
    for (const other of storedDefinitions)
      if (one !== other)
        assert.ok(
          !storagePrefix('o', one).startsWith(storagePrefix('o', other)),
          `${one.kind} is stored inside ${other.kind}`,
        )
})

test('aliases point at a kind with the same storage', () => {
  const aliases = definitions.filter(d => d.aliasOf !== undefined)
  assert.ok(aliases.length > 0)
  for (const alias of aliases) {
    const target = definitionOf(alias.aliasOf!)
    assert.ok(target !== null && target.aliasOf === undefined)
    assert.equal(alias.storageKey, target.storageKey)
    assert.equal(alias.schema, target.schema)
  }
})

test('every file of kinds is registered', () => {
  const directory = join(import.meta.dirname, 'kinds')
  const declared = readdirSync(directory).flatMap(file =>
    [...readFileSync(join(directory, file), 'utf8').matchAll(/^ {2}kind: '(\w+)',$/gm)].map(
      match => match[1]!,
    ),
  )
  assert.deepEqual(declared.sort(), definitions.map(d => d.kind).sort())
})

test('kinds are found by every name clients use', () => {
  const any = ['any', 'all']
  for (const d of definitions) {
    for (const group of [d.group, ...any])
      for (const version of [d.version, ...any])
        for (const name of [d.plural, d.kind, d.singular])
          assert.equal(findDefinition(group, version, name), d, `${group}/${version}/${name}`)
    for (const name of [d.kind, d.plural, d.singular, `${d.group}/${d.kind}`])
      assert.equal(findByName(name), d, name)
    if (d.legacyPath !== null && d.aliasOf === undefined) assert.equal(findByLegacyPath(d.legacyPath), d)
  }
  assert.equal(findDefinition('other.io', 'v1', 'routes'), null)
  assert.equal(findDefinition('any', 'v2', 'routes'), null)
  for (const name of ['', 'constructor', '__proto__', 'toString', '/', 'any/any'])
    assert.equal(findByName(name), null, name)
  assert.equal(definitionOf('route'), null)
  assert.equal(findByLegacyPath('/api/nothing'), null)
})

test('ids are those of upstream', () => {
  assert.match(newId(route), /^route_[0-9a-f]{8}-[0-9a-f-]{27}$/)
  assert.match(newId(route, 'dev'), /^route_dev_[0-9a-f]{8}-/)
  assert.match(newId({ idPrefix: '' }), /^[0-9a-f]{8}-/)
})

type Described = Record<string, Record<string, unknown>>

// Of a kind with variants: those of the variant its template is of.
function propertiesOf(schema: JsonSchema, { variants, template }: EntityDefinition): Described {
  const common = schema['properties'] as Described
  if (variants === undefined) return common
  const value = (template('an-id') as Record<string, unknown>)[variants.field]
  const conditions = schema['allOf'] as { if: { properties: Described }; then: { properties: Described } }[]
  const fitting = conditions.filter(one =>
    (one.if.properties[variants.field]!['enum'] as unknown[]).includes(value),
  )
  assert.equal(fitting.length, 1)
  return fitting[0]!.then.properties
}

test('the JSON schema of a kind with variants describes each of them', async () => {
  const schema = await jsonSchema(authModule)
  assert.deepEqual(schema['required'], ['type', 'id', 'name'])
  const conditions = schema['allOf'] as { if: { properties: Described }; then: JsonSchema }[]
  const described = conditions.flatMap(one => one.if.properties['type']!['enum'] as string[])
  assert.deepEqual(described.sort(), Object.keys(authModule.variants!.schemas).sort())
  const ldap = conditions.find(one => (one.if.properties['type']!['enum'] as string[]).includes('ldap'))
  assert.ok((ldap!.then['required'] as string[]).includes('searchBase'))
})

test('every kind has a JSON schema that names its fields', async () => {
  for (const definition of definitions) {
    const schema = await jsonSchema(definition)
    assert.equal(schema['type'], 'object', definition.kind)
    const properties = propertiesOf(schema, definition)
    const template = definition.template('an-id') as Record<string, unknown>
    for (const field of Object.keys(template)) {
      assert.ok(properties[field] !== undefined, `${definition.kind}.${field}`)
      assert.equal(typeof properties[field]?.['description'], 'string', `${definition.kind}.${field}`)
    }
    assert.notEqual(schema['additionalProperties'], false)
    assert.equal(await jsonSchema(definition), schema, 'made once')
    assert.doesNotThrow(() => JSON.stringify(schema))
  }
  const properties = (await jsonSchema(route))['properties'] as Record<string, Record<string, unknown>>
  assert.deepEqual(properties['enabled'], {
    type: 'boolean',
    description: 'Routed only when true',
    default: true,
  })
  assert.deepEqual((await jsonSchema(route))['required'], ['id', 'name', 'backend'])
})
