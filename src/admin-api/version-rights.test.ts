/** What the history keeps of an entity for judging rights says the same as the entity. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ownerFacts } from '../control/history/owner-facts.ts'
import { Rights } from '../identity/rights.ts'
import { definitions } from '../model/registry.ts'
import type { Caller } from './caller.ts'
import { mayRead } from './entity-rights.ts'

const names = fc.constantFrom('acme', 'other', 'default', '*')
const teams = fc.array(fc.constantFrom('one', 'two', 'default', '*'), { maxLength: 2 })
const place = fc.option(fc.record({ tenant: names, teams }), { nil: undefined })
const rights = fc.array(
  fc.record({
    tenant: fc.constantFrom('acme', 'acme:r', 'other', '*:r', 'default', '*'),
    teams: fc.array(fc.constantFrom('one', 'two:r', '*', '*:r', 'default'), { maxLength: 2 }),
  }),
  { maxLength: 2 },
)

test('of every kind, for whatever rights', () => {
  let granted = 0
  let refused = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...definitions),
      place,
      place,
      names,
      rights,
      rights,
      fc.boolean(),
      (definition, loc, location, tenant, given, own, listed) => {
        const entity = {
          ...(definition.template('x') as object),
          ...(loc !== undefined && { _loc: loc }),
          ...(location !== undefined && { location }),
          tenant,
          id: 'one',
          rights: listed ? given : JSON.stringify(given),
        }
        const caller: Caller = {
          clientId: 'k',
          tenant: 'acme',
          rights: Rights.read(own),
          user: null,
          acting: null,
          from: null,
        }
        const wanted = mayRead(caller, definition, entity)
        assert.equal(mayRead(caller, definition, ownerFacts(JSON.stringify(entity))), wanted, definition.kind)
        if (wanted) granted++
        else refused++
      },
    ),
    { numRuns: 3000 },
  )
  assert.ok(granted > 100 && refused > 100, `${granted} granted, ${refused} refused`)
})

test('what cannot be read is seen by super admins only', () => {
  const caller: Caller = {
    clientId: 'k',
    tenant: 'acme',
    rights: Rights.read([{ tenant: 'acme', teams: ['*'] }]),
    user: null,
    acting: null,
    from: null,
  }
  for (const text of ['', 'null', '[]', '{', '"x"'])
    assert.equal(mayRead(caller, definitions[0]!, ownerFacts(text)), false, text)
})
