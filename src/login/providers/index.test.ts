import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { providers } from './index.ts'

test('there is a provider for each type of module this version has, and for no other name', () => {
  for (const type of ['basic', 'ldap', 'oauth2', 'oauth2-global'])
    assert.equal(typeof providers.get(type), 'function', type)
  assert.equal(providers.get('oauth2'), providers.get('oauth2-global'))
  for (const type of ['', 'none', 'constructor', '__proto__']) assert.equal(providers.get(type), undefined)
})

test('a file is loaded when its type is first asked for', () => {
  const program = `
    import { createRequire } from 'node:module'
    import { providers } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const { cache } = createRequire(import.meta.url)
    const has = name => Object.keys(cache).some(file => file.includes(name))
    const loaded = () => ['basic.ts', 'ldap.ts', 'oauth2.ts', 'ldapts'].filter(has)
    const before = loaded()
    providers.get('basic')
    const basic = loaded()
    providers.get('ldap')
    console.log(JSON.stringify({ before, basic, ldap: loaded().includes('ldap.ts') }))`
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(told), { before: [], basic: ['basic.ts'], ldap: true })
})
